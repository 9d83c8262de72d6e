"""What counts as right, and which figures a question has."""

import pytest

from evals.quality.judge import Verdict, judge
from evals.quality.rows import Gold
from tests.support.evaluation import cited, row

LONG = "Delmar is convinced the three women who washed clothes by the river and sang to them were Sirens."


class TestRight:
    @pytest.mark.parametrize(
        ("quotes", "right"),
        [
            (["It takes Two Minutes!"], 1.0),
            (["Something else.", "It takes two minutes."], 1.0),
            (["Something else.", "More of it.", "It takes two minutes."], 0.0),
            (["It takes two long minutes of waiting in all."], 0.0),
        ],
    )
    def test_a_gold_answer_in_one_of_the_first_two_quotes(self, quotes: list[str], right: float) -> None:
        found = judge(row(cited=[cited(quote=one) for one in quotes], answer="-"))
        assert (found.right, found.figures["contained"]) == (right, right)

    def test_half_of_the_tokens(self) -> None:
        found = judge(row(answers=["a minute or maybe two"], cited=[cited(quote="One minute. Or two.")], answer="-"))
        assert (found.right, found.figures["contained"]) == (1.0, 0.0)
        assert found.figures["f1"] == pytest.approx(6 / 8)

    def test_a_long_gold_answer_holds_the_quote(self) -> None:
        quotes = {"three women who washed clothes": 1.0, "three women": 0.0, "three women who danced": 0.0}
        assert {
            quote: judge(row(answers=[LONG], cited=[cited(quote=quote)], answer="-")).right for quote in quotes
        } == quotes

    def test_an_answer_to_what_cannot_be_answered_is_wrong(self) -> None:
        assert judge(row(answerable=False)).right == 0.0
        assert judge(row(answerable=False, gold=[], answers=[])).right == 0.0

    def test_a_fallback_is_not_right(self) -> None:
        found = judge(row(answered=False, cited=[], answer="two minutes"))
        assert (found.right, found.figures["f1"]) == (0.0, 0.0)

    def test_without_gold_answers_the_first_source_decides(self) -> None:
        assert judge(row(answers=[])).right == 1.0
        assert judge(row(answers=[], cited=[cited("d2"), cited("d1")])).right == 0.0
        assert judge(row(answers=[], cited=[])).right == 0.0

    def test_a_gold_passage_must_hold_the_quote(self) -> None:
        passage = "On tea : Green tea is steeped for two minutes . Then drink it ."
        assert judge(row(answers=[], passage=passage)).right == 1.0
        assert judge(row(answers=[], passage=passage, cited=[cited(quote="Drink it cold.")])).right == 0.0

    def test_nothing_known_is_not_judged(self) -> None:
        found = judge(row(answers=[], gold=[]))
        assert (found.right, found.figures) == (None, {})


class TestFigures:
    def test_of_ours_and_of_the_baselines(self) -> None:
        found = judge(row()).figures
        assert (found["ndcg@10"], found["hit@1"], found["mrr@10"]) == (1.0, 1.0, 1.0)
        assert (found["dense.hit@1"], found["dense.hit@10"], found["dense.mrr@10"]) == (0.0, 1.0, 0.5)
        assert found["sparse.hit@10"] == 0.0

    def test_grades_count(self) -> None:
        gold = [Gold("d1", "", None, 1.0, "d1"), Gold("d2", "", None, 2.0, "d2")]
        assert 0.8 < judge(row(gold=gold)).figures["ndcg@10"] < 1

    def test_citations_are_of_documents(self) -> None:
        found = judge(row(cited=[cited("d1"), cited("d1"), cited("d2")])).figures
        assert (found["citation_precision"], found["citation_recall"]) == (0.5, 1.0)

    def test_pages(self) -> None:
        def page_cited(page: int) -> float:
            return judge(row(pages=[("d1", 3)], cited=[cited(page=page)])).figures["page_cited"]

        assert (page_cited(3), page_cited(4)) == (1.0, 0.0)

    def test_what_has_no_meaning_is_absent(self) -> None:
        found: Verdict = judge(row(answerable=False, answers=[], gold=[]))
        assert found.figures == {"right": 0.0}

    def test_articles_are_those_of_the_language(self) -> None:
        fields = {"answers": ["Auto"], "cited": [cited(quote="das Auto")], "answer": "-"}
        assert judge(row(**fields), "de").figures["exact"] == 1.0
        assert judge(row(**fields), "en").figures["exact"] == 0.0


class TestShortAnswers:
    def test_the_words_that_were_offered_count(self) -> None:
        found = judge(row(short="two minutes"))
        assert (found.figures["short_f1"], found.figures["f1"], found.figures["exact"]) == (1.0, 1.0, 1.0)

    def test_where_none_was_offered_there_is_no_figure(self) -> None:
        assert "short_f1" not in judge(row()).figures
