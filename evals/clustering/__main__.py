"""Fit the pair model of questions, and measure groups of questions of intents that it has not seen.

    python -m evals.clustering fit --data DATA [--cache FOLDER] [--write]
    python -m evals.clustering measure --data DATA [--cache FOLDER] [--splits 3] [--sample 2000]

Plain clustering (average linkage of cosines) and ours see the same questions; each has its thresholds from the same
fitting side. `measure` splits banking77 by intent, and goes across sets: fitted without it and measured on it, and the
other way round. `fit` takes banking77 alone: what is fitted on ODbL data (hint3) may have to be shared alike.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.embedding.protocol import Floats
from evals.clustering.data import BANKING, HINT3, Labelled, labelled
from evals.clustering.fitting import Pairs, alone, among, in_numbers, matrix, pairs_of
from evals.clustering.groups import GRID, Merging, Tree, assigned, pairwise_f1
from retrieval.paraphrase.features import PAIR
from retrieval.paraphrase.model import AMONG, MODEL_FILE, Coefficients

SMALL = 600  # questions of a second, sparser sample of the fitting side: collections differ in size
JOINS = GRID[::5]


class Side:
    """One sample with all that is computed of it."""

    def __init__(self, own: Labelled, rng: np.random.Generator) -> None:
        self.own, self._rng = own, rng
        self._known = own.known()
        self.cosines = own.vectors @ own.vectors.T

    @cached_property
    def features(self) -> list[Floats]:
        """Of each question with all."""
        return list(self._known.all_features())

    @cached_property
    def pairs(self) -> Pairs:
        """To fit on."""
        return pairs_of(self.own, self.features, self._rng)

    def f1(self, groups: Any) -> float:
        """Against the intents."""
        return pairwise_f1(groups, self.own.intents)


@dataclass(frozen=True, slots=True)
class Fitted:
    """Coefficients and the thresholds that go with them, all similarities."""

    among: Coefficients
    plain: float
    cut: float
    join: float
    merge: float


def fit(sides: Sequence[Side]) -> Fitted:
    """Everything from these sides only; thresholds have the best mean F1 over them."""
    found = among([side.pairs for side in sides])
    cosines = [Tree(side.cosines) for side in sides]
    same = [matrix(found, side.features) for side in sides]
    trees = [Tree(one) for one in same]
    plain = _best(GRID, lambda t: _mean(side.f1(tree.cut(t)) for side, tree in zip(sides, cosines, strict=True)))
    cut = _best(GRID, lambda t: _mean(side.f1(tree.cut(t)) for side, tree in zip(sides, trees, strict=True)))
    join, merge, best = 0.0, 0.0, -1.0
    for one in JOINS:
        made = [Merging(p, assigned(p, float(one))) for p in same]
        for other in JOINS:
            value = _mean(side.f1(groups.merged(float(other))) for side, groups in zip(sides, made, strict=True))
            if value > best:
                join, merge, best = float(one), float(other), value
    return Fitted(found, plain, cut, join, merge)


def judged(side: Side, by: Fitted) -> dict[str, float]:
    """F1 of (a) plain clustering, (b) ours, (c) online, (d) online and merged."""
    same = matrix(by.among, side.features)
    online = assigned(same, by.join)
    return {
        "plain": side.f1(Tree(side.cosines).cut(by.plain)),
        "ours": side.f1(Tree(same).cut(by.cut)),
        "online": side.f1(online),
        "merged": side.f1(Merging(same, online).merged(by.merge)),
    }


def measure(sets: dict[str, Labelled], splits: int, sample: int) -> dict[str, Any]:
    """Figures by split, and their mean and spread."""
    rows: dict[str, list[dict[str, float]]] = {}
    hint3 = [Side(sets[name], np.random.default_rng(0)) for name in HINT3]
    across = fit(hint3)
    for seed in range(splits):
        rng = np.random.default_rng(seed)
        seen, unseen = sets[BANKING].split(rng)
        fitted = fit([Side(seen.sample(most, rng), rng) for most in (sample, SMALL)])
        side = Side(unseen.sample(sample, rng), rng)
        small = Side(unseen.sample(SMALL, rng), rng)
        rows.setdefault("banking77, unseen intents", []).append(judged(side, fitted))
        rows.setdefault(f"banking77, unseen intents, {SMALL} questions", []).append(judged(small, fitted))
        rows.setdefault("hint3 to banking77", []).append(judged(side, across))
        for one in hint3:
            rows.setdefault(f"banking77 to {one.own.name}", []).append(judged(one, fitted))
    return {name: _summary(own) for name, own in rows.items()}


def ship(sets: dict[str, Labelled], sample: int) -> dict[str, Any]:
    """What `weights.json` holds."""
    rng = np.random.default_rng(0)
    sides = [Side(sets[BANKING].sample(most, rng), rng) for most in (sample, SMALL)]
    found = fit(sides)
    return {
        "fitted_on": [BANKING],
        "alone": in_numbers(PAIR, alone([side.pairs for side in sides])),
        "among": in_numbers(AMONG, found.among),
        "join": round(found.join, 4),
        "merge": round(found.merge, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["fit", "measure"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="Keeps the vectors; remove it when the embedding changes.")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--sample", type=int, default=2_000)
    parser.add_argument("--write", action="store_true", help="Replace the coefficients in the repository.")
    arguments = parser.parse_args()
    sets = labelled(arguments.data, arguments.cache)
    if arguments.command == "measure":
        print(json.dumps(measure(sets, arguments.splits, arguments.sample), indent=1))
        return
    stored = ship(sets, arguments.sample)
    print(json.dumps(stored, indent=1))
    if arguments.write:
        MODEL_FILE.write_text(json.dumps(stored, indent=2) + "\n")


def _best(grid: Floats | Any, value: Callable[[float], float]) -> float:
    return float(max(grid, key=value))


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))


def _summary(rows: Sequence[dict[str, float]]) -> dict[str, Any]:
    names = list(rows[0])
    return {
        name: {
            "mean": round(_mean(row[name] for row in rows), 3),
            "spread": round(float(np.std([row[name] for row in rows])), 3),
            "splits": [round(row[name], 3) for row in rows],
        }
        for name in names
    }


if __name__ == "__main__":
    main()
