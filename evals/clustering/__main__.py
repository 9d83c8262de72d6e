"""Fit the pair model of questions, and measure groups of questions of intents that it has not seen.

    python -m evals.clustering fit --data DATA [--cache FOLDER] [--write]
    python -m evals.clustering measure --data DATA [--cache FOLDER] [--splits 3] [--sample 2000]
    python -m evals.clustering assign --data DATA [--cache FOLDER] [--clusters 20000]

Plain clustering (average linkage of cosines) and ours see the same questions; each has its thresholds from the same
fitting side. `measure` splits banking77 by intent, and goes across sets: fitted without it and measured on it, and the
other way round. `fit` takes banking77 alone: what is fitted on ODbL data (hint3) may have to be shared alike.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.embedding.protocol import Floats
from domain.unanswered.groups import Groups, Place
from evals.clustering.assigning import time_assigning
from evals.clustering.data import ASKED_ONCE, BANKING, FACTS, HINT3, OF_EACH_FILE, Labelled, asked_once, facts, labelled
from evals.clustering.fitting import Pairs, alone, among, in_numbers, pairs_of
from evals.clustering.groups import CUTS, Merging, Tree, assigned, pairwise_f1
from retrieval.paraphrase import Known, asked
from retrieval.paraphrase.features import PAIR
from retrieval.paraphrase.merging import merged
from retrieval.paraphrase.model import AMONG, MODEL_FILE, PairModel, Thresholds

SIZES = (100, 200, 600)  # questions of smaller samples: collections differ in size
LEAST_FITTED = 600  # questions of a sample of which coefficients are fitted
SEEN = 1_200  # questions, of samples of one size
TOGETHER = 300  # questions of one file that should stay apart
DAY = 0.3  # weight of the groups before they are merged
WRONG = 0.1  # of F1, for all of them together that are different
JOINS = [(a, b) for a in (0.2, 0.25, 0.3, 0.4, 0.5) for b in (0.15, 0.2, 0.25, 0.3) if b <= a]
MERGES = [(few, many) for few in (0.16, 0.2, 0.25, 0.3, 0.4) for many in (0.08, 0.1, 0.12, 0.16, 0.2)]


class Side:
    """One sample with all that is computed of it."""

    def __init__(self, own: Labelled, rng: np.random.Generator) -> None:
        self.own, self._rng = own, rng
        self._known = own.known()
        self.cosines = own.vectors @ own.vectors.T

    def same(self, model: PairModel) -> Floats:
        """Probabilities of all pairs, (questions, questions)."""
        known = self._known.neighbours_known()
        found = np.stack([model.of_features(row, known) for row in self.features])
        np.fill_diagonal(found, 1)
        return found

    def __len__(self) -> int:
        return len(self.own.texts)

    @cached_property
    def features(self) -> list[Floats]:
        """Of each question with all."""
        return list(self._known.all_features())

    @cached_property
    def pairs(self) -> Pairs:
        """To fit on."""
        return pairs_of(self.own, self.features, self._rng)

    def grouped(self, model: PairModel) -> tuple[list[int], list[int]]:
        """As the product groups them, in order: by the end of the day, and after the night."""
        groups, own = Groups(model, [], []), Known([])
        by_day: list[int] = []
        for row, text in enumerate(self.own.texts.tolist()):
            question = asked(text, [self.own.vectors[row]])
            found = groups.add(question)
            own.add(question)
            by_day.append(row if found.cluster_id is None else int(found.cluster_id))
            groups.settle(found.row, Place(str(row), str(by_day[-1]), None))
        names = sorted(set(by_day))
        rows = [[row for row, name in enumerate(by_day) if name == one] for one in names]
        into = {names[place]: names[same[0]] for same in merged(model, own, rows) for place in same}
        return by_day, [into.get(one, one) for one in by_day]

    def f1(self, groups: Any) -> float:
        """Against the intents."""
        return pairwise_f1(groups, self.own.intents)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The model, and thresholds: of plain clustering for F1 alone, and for F1 less what it costs that different
    questions are together, as ours has them; and for F1 of ours over all pairs, `cut`."""

    model: PairModel
    plain: float
    careful: float
    cut: float


def samples(own: Labelled, once: Labelled, sample: int, rng: np.random.Generator) -> list[Side]:
    """Of each size several of the small ones, by turns with few intents and with many: work lists are of both kinds.
    Beside questions of intents stand some that are asked once."""
    found = []
    for size in (*(one for one in SIZES if one < sample), sample):
        for turn in range(max(1, SEEN // size)):
            some = own.few(size, rng) if turn % 2 else own.sample(size, rng)
            found.append(Side(some.beside(once, rng), rng))
    return found


def fit(sides: Sequence[Side], different: Sequence[Side]) -> Fitted:
    """Everything from these sides only; thresholds of plain clustering have the best mean F1, ours also keep
    `different` questions apart."""
    pairs = [side.pairs for side in sides if len(side) >= LEAST_FITTED]
    model = PairModel(alone(pairs), among(pairs), Thresholds(*JOINS[0], *MERGES[0]))
    same = [side.same(model) for side in sides]
    trees, ours = [Tree(side.cosines) for side in sides], [Tree(one) for one in same]
    plain, cut = (
        max(CUTS, key=lambda t: _mean(side.f1(tree.cut(t)) for side, tree in zip(sides, own, strict=True)))
        for own in (trees, ours)
    )
    singles = [Tree(side.cosines) for side in different]
    careful = max(
        CUTS,
        key=lambda t: (
            _mean(side.f1(tree.cut(t)) for side, tree in zip(sides, trees, strict=True))
            - WRONG * _mean(_together(tree.cut(t)) for tree in singles)
        ),
    )
    best = _thresholds(list(zip(sides, same, strict=True)), [side.same(model) for side in different])
    return Fitted(replace(model, thresholds=best), float(plain), float(careful), float(cut))


def _thresholds(sides: Sequence[tuple[Side, Floats]], apart: Sequence[Floats]) -> Thresholds:
    """With the best F1 by day and by night, less what it costs that different questions are together."""
    found: dict[Thresholds, float] = {}
    for join in JOINS:
        by = Thresholds(*join, *MERGES[0])
        made = [(side, assigned(same, by), same) for side, same in sides]
        merging = [(side, groups, Merging(same, groups)) for side, groups, same in made]
        others = [Merging(same, assigned(same, by)) for same in apart]
        for merge in MERGES:
            by = Thresholds(*join, *merge)
            worth = _mean(DAY * side.f1(groups) + (1 - DAY) * side.f1(own.merged(by)) for side, groups, own in merging)
            found[by] = worth - WRONG * _mean(_together(own.merged(by)) for own in others)
    return max(found, key=lambda one: found[one])


def _together(groups: Sequence[int] | npt.NDArray[np.int64]) -> float:
    """Of questions that are all different, the share that found itself with another."""
    return 1 - len(set(map(int, groups))) / len(groups)


def judged(side: Side, by: Fitted) -> dict[str, float]:
    """F1 of plain clustering twice, of ours over all pairs, online and merged by night, the last two by the product."""
    online, merged = side.grouped(by.model)
    return {
        "plain": side.f1(Tree(side.cosines).cut(by.plain)),
        "plain, careful": side.f1(Tree(side.cosines).cut(by.careful)),
        "ours": side.f1(Tree(side.same(by.model)).cut(by.cut)),
        "online": side.f1(online),
        "merged": side.f1(merged),
    }


def kept_apart(side: Side, by: Fitted) -> dict[str, float]:
    """Of questions that are all different, the share that found itself with another."""
    online, merged = side.grouped(by.model)
    tree = Tree(side.cosines)
    plain, careful = tree.cut(by.plain).tolist(), tree.cut(by.careful).tolist()
    groups: dict[str, list[int]] = {"plain": plain, "plain, careful": careful, "online": online, "merged": merged}
    return {name: _together(own) for name, own in groups.items()}


def measure(data: Path, cache: Path | None, splits: int, sample: int) -> dict[str, Any]:
    """Figures by split, and their mean and spread."""
    sets, once = labelled(data, cache), asked_once(data, cache)
    sides = [Side(facts(data, name, cache), np.random.default_rng(0)) for name in FACTS]
    rows: dict[str, list[dict[str, float]]] = {}
    hint3 = [Side(sets[name], np.random.default_rng(0)) for name in HINT3]
    across = fit(hint3, different(once))
    for seed in range(splits):
        rng = np.random.default_rng(seed)
        seen, unseen = sets[BANKING].split(rng)
        fitted = fit(samples(seen, once, sample, rng), different(once))
        for size in (*SIZES, sample):
            some = [judged(Side(unseen.few(size, rng), rng), fitted) for _ in range(max(1, SEEN // size))]
            rows.setdefault(f"banking77, unseen intents, {size} questions", []).extend(some)
        whole = Side(unseen.sample(sample, rng), rng)
        rows.setdefault("hint3 to banking77", []).append(judged(whole, across))
        for one in hint3:
            rows.setdefault(f"banking77 to {one.own.name}", []).append(judged(one, fitted))
        for one in sides:
            rows.setdefault(f"{one.own.name}, wrongly together", []).append(kept_apart(one, fitted))
    return {name: _summary(own) for name, own in rows.items()}


def different(once: Labelled) -> list[Side]:
    """Of each file questions that stand together there, one of each answer."""
    rng, found = np.random.default_rng(0), []
    for start in range(0, len(once.texts), OF_EACH_FILE):
        rows = np.arange(start, min(start + OF_EACH_FILE, len(once.texts)))
        _, first = np.unique(once.intents[rows], return_index=True)
        found.append(Side(once.take(rows[np.sort(first)][:TOGETHER]), rng))
    return found


def ship(data: Path, cache: Path | None, sample: int) -> dict[str, Any]:
    """What `weights.json` holds."""
    sets, once = labelled(data, cache), asked_once(data, cache)
    found = fit(samples(sets[BANKING], once, sample, np.random.default_rng(0)), different(once)).model
    return {
        "fitted_on": [BANKING, *ASKED_ONCE],
        "alone": in_numbers(PAIR, found.alone),
        "among": in_numbers(AMONG, found.among),
        "thresholds": asdict(found.thresholds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["fit", "measure", "assign"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="Keeps the vectors; remove it when the embedding changes.")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--sample", type=int, default=2_000)
    parser.add_argument("--write", action="store_true", help="Replace the coefficients in the repository.")
    parser.add_argument("--clusters", type=int, default=20_000)
    arguments = parser.parse_args()
    if arguments.command == "assign":
        print(json.dumps(time_assigning(arguments.data, arguments.cache, arguments.clusters), indent=1))
        return
    if arguments.command == "measure":
        print(json.dumps(measure(arguments.data, arguments.cache, arguments.splits, arguments.sample), indent=1))
        return
    stored = ship(arguments.data, arguments.cache, arguments.sample)
    print(json.dumps(stored, indent=1))
    if arguments.write:
        MODEL_FILE.write_text(json.dumps(stored, indent=2) + "\n")


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))


def _summary(rows: Sequence[dict[str, float]]) -> dict[str, Any]:
    names = list(rows[0])
    return {
        name: {
            "mean": round(_mean(row[name] for row in rows), 3),
            "spread": round(float(np.std([row[name] for row in rows])), 3),
        }
        for name in names
    }


if __name__ == "__main__":
    main()
