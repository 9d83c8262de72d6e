"""The two branches made one order; codes decide."""

from core.vectors.protocol import Hit, Scope
from retrieval.fusion import fuse
from retrieval.search import Mode
from tests.support.passages import WORKSPACE, Passages, searcher, stored


class TestFusion:
    def test_a_hit_of_both_branches_wins(self) -> None:
        dense = [_hit("a", 0.9), _hit("b", 0.8), _hit("c", 0.1)]
        sparse = [_hit("b", 9.0), _hit("d", 8.0), _hit("c", 1.0)]
        assert fuse(dense, sparse)[0][0] == "b"

    def test_scores_are_between_zero_and_one(self) -> None:
        for codes in ([], [_hit("c", 3.0)]):
            fused = fuse([_hit("a", 5.0), _hit("b", -3.0)], [_hit("a", 100.0)], codes)
            assert all(0 <= score <= 1 for _, score in fused)

    def test_empty_branches_fuse_to_nothing(self) -> None:
        assert fuse([], []) == []

    def test_who_holds_the_code_comes_first_clearly(self) -> None:
        dense = [_hit("about", 0.9), _hit("code", 0.1)]
        (first, best), (_, second) = fuse(dense, [_hit("about", 5.0), _hit("code", 6.0)], [_hit("code", 6.0)])
        assert first == "code"
        assert best - second >= 0.25

    def test_who_holds_more_of_the_codes_comes_before(self) -> None:
        codes = [_hit("both", 9.0), _hit("one", 5.0)]
        fused = fuse([_hit("one", 0.9), _hit("both", 0.1)], [], codes, number_of_codes=2)
        assert [key for key, _ in fused] == ["both", "one"]


class TestCodes:
    def test_each_of_two_hundred_is_first(self) -> None:
        rows = [stored(n, f"PPR-{1000 + 7 * n} is a relay for cabinet {n % 5}.") for n in range(200)]
        rows.append(stored(900, "The PPR series: PPR relays, PPR sockets and PPR tools for every cabinet."))
        found = searcher(rows)
        for n in range(200):
            best = found.search(Passages(rows), Scope(WORKSPACE), f"PPR-{1000 + 7 * n}", 2).passages
            assert (best[0].stored.chunk_index, best[0].score > best[1].score + 0.2) == (n, True)

    def test_one_branch_alone_knows_no_codes(self) -> None:
        rows = [stored(1, "PPR-9087 is a relay.")]
        for mode in (Mode.DENSE, Mode.SPARSE):
            assert len(searcher(rows).search(Passages(rows), Scope(WORKSPACE), "PPR-9087", 2, mode=mode).passages) == 1


def _hit(key: str, score: float) -> Hit:
    return Hit(key, score, "col_1", "doc_1", 1, 0)
