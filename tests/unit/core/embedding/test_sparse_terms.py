"""Terms and weights of the sparse encoder."""

import numpy as np
import pytest

from core.embedding.sparse import K1, SparseEncoder
from core.embedding.words import OTHER_FORM, codes_of, query_terms, terms


def found(text, language="en"):
    return list(terms(text, language))


class TestTerms:
    @pytest.mark.parametrize(
        ("text", "query"),
        [
            ("Error ERR-4021 occurred", "err-4021"),
            ("Error ERR-4021 occurred", "4021"),
            ("call foo_bar() now", "foo_bar"),
            ("call foo_bar() now", "bar"),
            ("released v2.3.1 today", "v2.3.1"),
            ("as in §12 of the act", "§12"),
            ("as in §12 of the act", "12"),
            ("write to user@example.com.", "user@example.com"),
            ("our well-known brand", "known"),
            ("ＦＵＬＬ width", "full"),
            ("STRASSE", "straße"),
        ],
    )
    def test_codes_and_names_are_found_whole_and_in_parts(self, text, query):
        assert set(found(query)) <= set(found(text))

    def test_words_of_one_stem_meet(self):
        assert found("refunds") == found("refund")

    @pytest.mark.parametrize(
        ("language", "one", "other"),
        [("de", "Verträge", "Vertrages"), ("fr", "continuellement", "continuelle"), ("ru", "книги", "книга")],
    )
    def test_stems_follow_the_language(self, language, one, other):
        assert found(one, language)[0] == found(other, language)[0]

    @pytest.mark.parametrize("language", [None, "", "xx", "zh"])
    def test_an_unknown_language_keeps_words_as_they_are(self, language):
        assert found("refunds", language) == ["refunds"]

    def test_unspaced_scripts_become_characters_and_pairs(self):
        assert found("東京都 tower", "ja") == ["東", "京", "都", "東京", "京都", "tower"]

    def test_latin_inside_unspaced_text_is_its_own_word(self):
        assert "gpu" in found("使用GPU加速", "zh")

    def test_encoded_data_is_no_word(self):
        assert found("x" * 500) == []

    @pytest.mark.parametrize(
        ("stored", "language", "typed"),
        [
            ("Alle Rechnungen werden verschickt.", "de", "Rechnungen"),
            ("Die Batterien fehlen.", "de", "Batterien"),
            ("Frau Bäcker", "de", "Baecker"), ("Frau Jäger", "de", "Jaeger"), ("Frau Jäger", "de", "Jager"),
            ("Herr Weiß", "de", "Weiss"), ("Søren Ålgård", "da", "Soeren"), ("un café", "fr", "cafe"),
            ("книгами", "ru", "книгами"), ("le mariage", "fr", "mariage"),
            ("a town of 1,250,000", "en", "1250000"), ("1.250.000 Euro", "de", "1250000"),
            ("1 250 000 евро", "ru", "1250000"), ("pay 1250000", "en", "1,250,000"),
        ],
    )  # fmt: skip
    def test_what_is_typed_as_it_stands_is_found_whatever_language_is_guessed(self, stored, language, typed):
        for guessed in ("en", "la", language, None):
            assert query_terms(typed, guessed).keys() & set(found(stored, language)), guessed

    def test_english_texts_have_one_term_a_word(self):
        assert found("refunds of batteries") == ["refund", "of", "batteri"]

    @pytest.mark.parametrize(
        ("text", "codes"),
        [
            ("What does F171 mean for PPR-9087?", {"f171", "ppr-9087"}),
            ("set foo_bar2 in v2.3.1", {"foo_bar2", "v2.3.1"}),
            ("read INSYDR_DATA_DIR", {"insydr_data_dir"}),
            ("call 0800-12345", {"0800-12345"}),
            ("the 20th of 1,250 people in the 1990s, 3.5 kg at 5kg, 24-hour, 2023, at 10:30", set()),
            ("7-day-old mice of the 19th-century, 1000's, pre-1875, 4-5 in 1869-1909 and 2008-09", set()),
            ("COVID-19, GPT-4, IL-10, e5-small", {"covid-19", "gpt-4", "il-10", "e5-small"}),
            ("a well-known brand", set()),
        ],
    )
    def test_codes_name_one_thing(self, text, codes):
        assert codes_of(text) == codes

    def test_signs_alone_are_nothing(self):
        assert found("--- *** … !?") == []


class TestVectors:
    def test_indices_ascend_without_repetition(self):
        vector = SparseEncoder().encode_passage("the cat and the dog and the bird ERR-4021", "en")
        assert (np.diff(vector.indices.astype(np.int64)) > 0).all()
        assert (vector.indices.dtype, vector.values.dtype) == (np.uint32, np.float32)
        assert len(vector.indices) == len(vector.values)

    def test_repetition_saturates(self):
        encoder = SparseEncoder()
        once, often = (encoder.encode_passage("refund " * n, "en").values[0] for n in (1, 200))
        assert once < often < K1 + 1

    def test_a_term_in_a_long_passage_weighs_less(self):
        encoder = SparseEncoder()
        query = encoder.encode_query("refund", "en").indices[0]
        long = encoder.encode_passage("refund " + " ".join(f"word{i}x" for i in range(400)), "en")
        assert long.values[long.indices == query][0] < encoder.encode_passage("refund", "en").values[0]

    def test_query_terms_weigh_one_each(self):
        assert SparseEncoder().encode_query("refund refund policy", "en").values.tolist() == [1.0, 1.0]

    def test_other_forms_of_a_word_weigh_less(self):
        weights = query_terms("Rechnungen", "de")
        assert (weights["rechnung"], weights["rechnungen"]) == (1.0, OTHER_FORM)

    def test_empty_text_is_an_empty_vector(self):
        assert len(SparseEncoder().encode_passage("", "en").indices) == 0
