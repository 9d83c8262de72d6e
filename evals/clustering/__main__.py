"""Fit the pair model of questions, and measure groups of questions of intents that it has not seen.

    python -m evals.clustering fit --data DATA [--cache FOLDER] [--write]
    python -m evals.clustering measure --data DATA [--cache FOLDER] [--splits 3] [--sample 2000]
    python -m evals.clustering compare --data DATA [--cache FOLDER]
    python -m evals.clustering assign --data DATA [--cache FOLDER] [--clusters 20000]

Plain clustering (average linkage of cosines) and ours see the same questions; what is fitted of either is fitted on the
same side. `measure` splits banking77 by intent, and goes across sets: fitted without it and measured on it, and the
other way round; and counts the different questions of sets of facts that are put together. `compare` shows what other
thresholds would give. `fit` takes no ODbL data (hint3): what is fitted on it may have to be shared alike.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.embedding.protocol import Floats
from domain.unanswered.groups import Groups, Place
from evals.clustering.assigning import time_assigning
from evals.clustering.data import ASKED_ONCE, BANKING, FACTS, HINT3, Labelled, asked_once, facts, labelled
from evals.clustering.fitting import Pairs, alone, among, in_numbers, pairs_of
from evals.clustering.groups import CUTS, Tree, pairwise_f1
from retrieval.paraphrase import Known, PairModel, asked, load_pair_model
from retrieval.paraphrase.features import PAIR
from retrieval.paraphrase.merging import merged
from retrieval.paraphrase.model import AMONG, MODEL_FILE

SIZES = (100, 200, 600)  # questions of smaller samples: collections differ in size
LEAST_FITTED = 600  # questions of a sample of which coefficients are fitted
SEEN = 1_200  # questions, of samples of one size
# other thresholds than those that are shipped, to compare with
OTHERS = (
    {"single": 0.9, "crowd": 0.6}, {"single": 0.6, "crowd": 0.3}, {"single": 0.4, "crowd": 0.2},
    {"pair": 0.6}, {"pair": 0.25}, {"merge_few": 0.3, "merge_many": 0.2}, {"merge_few": 0.15, "merge_many": 0.1},
)  # fmt: skip


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
    """The model, and the thresholds of plain clustering, `plain`, and of ours over all pairs, `cut`."""

    model: PairModel
    plain: float
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


def fit(sides: Sequence[Side]) -> Fitted:
    """Coefficients from these sides only, and the thresholds with the best mean F1 over them. Those of the product are
    as shipped: `compare` is what they were chosen by."""
    pairs = [side.pairs for side in sides if len(side) >= LEAST_FITTED]
    model = PairModel(alone(pairs), among(pairs), load_pair_model().thresholds)
    trees = [Tree(side.cosines) for side in sides], [Tree(side.same(model)) for side in sides]
    plain, cut = (
        max(CUTS, key=lambda t: _mean(side.f1(tree.cut(t)) for side, tree in zip(sides, own, strict=True)))
        for own in trees
    )
    return Fitted(model, float(plain), float(cut))


def judged(side: Side, by: Fitted) -> dict[str, float]:
    """F1 of plain clustering, of ours over all pairs, online and merged by night, the last two by the product."""
    online, merged = side.grouped(by.model)
    return {
        "plain": side.f1(Tree(side.cosines).cut(by.plain)),
        "ours": side.f1(Tree(side.same(by.model)).cut(by.cut)),
        "online": side.f1(online),
        "merged": side.f1(merged),
    }


def together(side: Side, by: Fitted) -> dict[str, float]:
    """Of questions that are all different, the share that found itself with another."""
    online, merged = side.grouped(by.model)
    groups = {"plain": Tree(side.cosines).cut(by.plain).tolist(), "online": online, "merged": merged}
    return {name: 1 - len(set(own)) / len(side) for name, own in groups.items()}


def measure(data: Path, cache: Path | None, splits: int, sample: int) -> dict[str, Any]:
    """Figures by split, and their mean and spread."""
    sets, once = labelled(data, cache), asked_once(data, cache)
    sides = [Side(facts(data, name, cache), np.random.default_rng(0)) for name in FACTS]
    rows: dict[str, list[dict[str, float]]] = {}
    hint3 = [Side(sets[name], np.random.default_rng(0)) for name in HINT3]
    across = fit(hint3)
    for seed in range(splits):
        rng = np.random.default_rng(seed)
        seen, unseen = sets[BANKING].split(rng)
        fitted = fit(samples(seen, once, sample, rng))
        for size in (*SIZES, sample):
            some = [judged(Side(unseen.few(size, rng), rng), fitted) for _ in range(max(1, SEEN // size))]
            rows.setdefault(f"banking77, unseen intents, {size} questions", []).extend(some)
        whole = Side(unseen.sample(sample, rng), rng)
        rows.setdefault("hint3 to banking77", []).append(judged(whole, across))
        for one in hint3:
            rows.setdefault(f"banking77 to {one.own.name}", []).append(judged(one, fitted))
        for one in sides:
            rows.setdefault(f"{one.own.name}, wrongly together", []).append(together(one, fitted))
    return {name: _summary(own) for name, own in rows.items()}


def compare(data: Path, cache: Path | None, sample: int) -> dict[str, Any]:
    """What other thresholds would give: F1 on unseen intents, and the shares of different questions together."""
    sets, once = labelled(data, cache), asked_once(data, cache)
    rng = np.random.default_rng(3)
    seen, unseen = sets[BANKING].split(rng)
    fitted = fit(samples(seen, once, sample, rng))
    sides = [Side(unseen.few(size, rng), rng) for size in (sample, *SIZES[::-1])]
    apart = [Side(facts(data, name, cache), rng) for name in FACTS[:2]]
    found = {}
    for other in ({}, *OTHERS):
        model = replace(fitted.model, thresholds=replace(fitted.model.thresholds, **other))
        by = replace(fitted, model=model)
        rows = [(str(len(side)), judged(side, by)) for side in sides]
        rows += [(side.own.name, together(side, by)) for side in apart]
        name = ", ".join(f"{key} {value}" for key, value in other.items()) or "as shipped"
        found[name] = {one: {key: round(row[key], 3) for key in ("plain", "online", "merged")} for one, row in rows}
    return found


def ship(data: Path, cache: Path | None, sample: int) -> dict[str, Any]:
    """What `weights.json` holds."""
    sets, once = labelled(data, cache), asked_once(data, cache)
    found = fit(samples(sets[BANKING], once, sample, np.random.default_rng(0))).model
    return {
        "fitted_on": [BANKING, *ASKED_ONCE],  # the coefficients
        "alone": in_numbers(PAIR, found.alone),
        "among": in_numbers(AMONG, found.among),
        "thresholds": asdict(found.thresholds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["fit", "measure", "compare", "assign"])
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
    if arguments.command == "compare":
        print(json.dumps(compare(arguments.data, arguments.cache, arguments.sample), indent=1))
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
