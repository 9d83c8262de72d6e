"""Which pages say the same."""

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.fingerprints import Duplicates, Fingerprint, fingerprint, simhash
from tests.support.effort import Effort

WORDS = [random.Random(1).choice("abcdefghijklm") * 3 + chr(97 + i % 26) + chr(97 + i // 26 % 26) for i in range(2_000)]


def words(count: int, seed: int = 0) -> list[str]:
    return random.Random(seed).choices(WORDS, k=count)


def text(count: int, seed: int = 0) -> str:
    return " ".join(words(count, seed))


def changed(count: int, *, at: int, to: str) -> str:
    found = words(count)
    found[at] = to
    return " ".join(found)


def distance(one: str, other: str) -> int:
    return (simhash(one) ^ simhash(other)).bit_count()


def by_the_book(found: list[str]) -> int:
    runs = {" ".join(found[at : at + 3]) for at in range(max(1, len(found) - 2))}
    weights = [0] * 64
    for run in runs:
        value = int.from_bytes(hashlib.blake2b(run.encode(), digest_size=8).digest(), "big")
        for bit in range(64):
            weights[bit] += 1 if value >> bit & 1 else -1
    return sum(1 << bit for bit in range(64) if weights[bit] > 0)


class TestSimhash:
    @pytest.mark.parametrize("count", [1, 2, 3, 4, 50])
    def test_is_charikars(self, count: int) -> None:
        assert simhash(text(count)) == by_the_book(words(count))

    def test_of_nothing(self) -> None:
        assert simhash("") == simhash(" \n") == 0

    def test_of_one_shingle_is_its_hash(self) -> None:
        assert simhash("a b c") == simhash(" A\nb  C ") != simhash("a b d")

    def test_near_texts_are_near_and_others_far(self) -> None:
        assert distance(text(1_000), changed(1_000, at=500, to="other")) <= 3
        far = [distance(text(1_000), text(1_000, seed)) for seed in range(1, 20)]
        assert min(far) > 12

    @given(st.text(max_size=100))
    def test_has_64_bits(self, any_text: str) -> None:
        assert 0 <= simhash(any_text) < 2**64

    def test_10_000_words_take_milliseconds(self) -> None:
        long = text(10_000)
        took = []
        for _ in range(5):
            effort = Effort()
            simhash(long)
            took.append(effort.spent_s())
        assert min(took) < 0.2  # 0.03 where nothing else runs


class TestFingerprint:
    def test_is(self) -> None:
        found = fingerprint("Call  030-1234 or\n(030-1234), room 7.")
        assert len(found.exact) == 32
        assert found.words == 6
        assert found.figures == fingerprint("7 030-1234").figures

    @pytest.mark.parametrize(
        ("other", "exact", "figures"),
        [
            ("price 5 EUR", True, True),
            (" Price\n5\teur ", True, True),
            ("price 5 USD", False, True),
            ("price 6 EUR", False, False),
            ("price 5 EUR 5", False, True),
            ("price 5. EUR", False, True),
            ("price EUR", False, False),
            ("C++ 5", False, True),
        ],
    )
    def test_compares(self, other: str, exact: bool, figures: bool) -> None:
        one, two = fingerprint("price 5 EUR"), fingerprint(other)
        assert ((one.exact == two.exact), (one.figures == two.figures)) == (exact, figures)

    @given(st.text())
    def test_of_any_text(self, any_text: str) -> None:
        assert fingerprint(any_text) == fingerprint(f" {any_text} ")
        assert fingerprint(any_text + "\ud800").words >= 1


class TestDoubles:
    @pytest.mark.parametrize(
        ("known", "wanted", "expected"),
        [
            (text(20), text(20), "a"),
            (text(20), text(20).upper(), "a"),
            (text(19), text(19), None),
            ("", "", None),
            (text(1_000), changed(1_000, at=500, to="other"), "a"),
            (text(1_000), changed(1_000, at=500, to="4711"), None),
            (text(1_000), text(1_000, seed=2), None),
            (text(99), changed(99, at=98, to="other"), None),
        ],
    )
    def test_find(self, known: str, wanted: str, expected: str | None) -> None:
        duplicates = Duplicates()
        assert duplicates.find(fingerprint(known)) is None
        duplicates.add("a", fingerprint(known))
        assert duplicates.find(fingerprint(wanted)) == expected

    @pytest.mark.parametrize(
        ("near", "figures", "count", "expected"),
        [
            (0, "f", 100, "a"),
            (0b111, "f", 100, "a"),
            (0b1111, "f", 100, None),
            (1 << 63 | 1 << 40 | 1 << 20, "f", 100, "a"),
            (1 << 63 | 1 << 40 | 1 << 20 | 1, "f", 100, None),
            (0, "g", 100, None),
            (0, "f", 102, "a"),
            (0, "f", 103, None),
            (0, "f", 98, None),
        ],
    )
    def test_find_near(self, near: int, figures: str, count: int, expected: str | None) -> None:
        duplicates = Duplicates()
        duplicates.add("a", Fingerprint("x", 0, "f", 100))
        assert duplicates.find(Fingerprint("y", near, figures, count)) == expected

    def test_the_first_of_equals_is_found(self) -> None:
        duplicates = Duplicates()
        duplicates.add("a", fingerprint(text(50)))
        duplicates.add("b", fingerprint(text(50)))
        assert duplicates.find(fingerprint(text(50))) == "a"

    def test_a_page_that_changed_is_no_copy_of_what_it_was(self) -> None:
        duplicates = Duplicates()
        duplicates.add("a", fingerprint(text(200)))
        duplicates.add("a", fingerprint(text(200, seed=2)))
        assert duplicates.find(fingerprint(text(200))) is None
        assert duplicates.find(fingerprint(text(200, seed=2))) == "a"
        duplicates.add("a", fingerprint("short"))
        assert duplicates.find(fingerprint(text(200, seed=2))) is None

    def test_a_look_among_50_000_is_quick(self) -> None:
        duplicates, source = Duplicates(), random.Random(3)
        for number in range(50_000):
            duplicates.add(str(number), Fingerprint(str(number), source.getrandbits(64), "f", 500))
        effort = Effort()
        for _ in range(1_000):
            assert duplicates.find(Fingerprint("x", source.getrandbits(64), "f", 500)) is None
        assert effort.spent_s() < 4
