"""Fit the pair model of questions, and measure groups of questions of intents that it has not seen.

    python -m evals.clustering fit --data DATA [--cache FOLDER] [--write]
    python -m evals.clustering measure --data DATA [--cache FOLDER] [--splits 3] [--sample 2000]

Plain clustering (average linkage of cosines) and ours see the same questions; each has its thresholds from the same
fitting side. `measure` splits banking77 by intent, and goes across sets: fitted without it and measured on it, and the
other way round. `fit` takes banking77 alone: what is fitted on ODbL data (hint3) may have to be shared alike.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.embedding.protocol import Floats
from evals.clustering.data import BANKING, HINT3, Labelled, labelled
from evals.clustering.ends import Curve, Ends, between, ends
from evals.clustering.fitting import Pairs, alone, among, in_numbers, pairs_of
from evals.clustering.groups import GRID, Merging, Tree, assigned, pairwise_f1
from retrieval.paraphrase.features import PAIR
from retrieval.paraphrase.model import AMONG, MODEL_FILE, PairModel, Thresholds

SIZES = (20, 50, 100, 200, 600)  # questions of smaller samples: collections differ in size
LEAST_FITTED = 600  # questions of a sample of which coefficients are fitted
SEEN = 1_200  # questions, of samples of one size, of which thresholds are fitted
COARSE = 4  # every so many of the grid, for two thresholds at once
DAY = 0.3  # weight of the groups before they are merged
LEAST = 0.2  # probability below which nothing is joined or merged, whatever a sample says
MOST_FITTED = 2  # samples of a size of which coefficients are fitted


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

    def f1(self, groups: Any) -> float:
        """Against the intents."""
        return pairwise_f1(groups, self.own.intents)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The model, and thresholds of plain clustering by `cosine` and of clustering all pairs at once by `cut`, which go
    with the size of the sample as the model's own do: [size, threshold]."""

    model: PairModel
    plain: Ends
    cut: Ends


def samples(own: Labelled, sample: int, rng: np.random.Generator) -> list[list[Side]]:
    """Of each size, several of the small ones."""
    sizes = [*(size for size in SIZES if size < sample), sample]
    return [[Side(_some(own, size, turn, rng), rng) for turn in range(max(1, SEEN // size))] for size in sizes]


def _some(own: Labelled, size: int, turn: int, rng: np.random.Generator) -> Labelled:
    """By turns with several questions of each intent and with single ones, too: work lists are of both kinds."""
    return own.few(size, rng) if turn % 2 == 0 else own.sample(size, rng)


def fit(sides: Sequence[Sequence[Side]]) -> Fitted:
    """Everything from these sides only, each sequence of one size, the small first."""
    pairs = [side.pairs for group in sides for side in group[:MOST_FITTED] if len(side) >= LEAST_FITTED]
    model = PairModel(alone(pairs), among(pairs), [])
    sizes = [len(group[0]) for group in sides]
    plain = ends(sizes, [_cuts(group, [side.cosines for side in group]) for group in sides])
    same = [[side.same(model) for side in group] for group in sides]
    cut = ends(sizes, [_cuts(*both) for both in zip(sides, same, strict=True)])
    online = ends(sizes, [_online(*both) for both in zip(sides, same, strict=True)])
    return Fitted(replace(model, thresholds=[Thresholds(size, *at) for size, at in online]), plain, cut)


def _cuts(sides: Sequence[Side], similarities: Sequence[Floats]) -> Curve:
    trees = [(side, Tree(one)) for side, one in zip(sides, similarities, strict=True)]
    return Curve(GRID, np.array([_mean(side.f1(tree.cut(t)) for side, tree in trees) for t in GRID.tolist()]))


def _online(sides: Sequence[Side], same: Sequence[Floats]) -> Curve:
    """Of thresholds for joining and for merging, which go together: what is joined is seen all day, before it is
    merged at night."""
    rows, grid = [], GRID[GRID >= LEAST][::COARSE]
    for join in grid.tolist():
        made = [(side, assigned(p, join), p) for side, p in zip(sides, same, strict=True)]
        by_day = _mean(side.f1(groups) for side, groups, _ in made)
        merging = [(side, Merging(p, groups)) for side, groups, p in made]
        merged = [_mean(side.f1(groups.merged(merge)) for side, groups in merging) for merge in grid.tolist()]
        rows.append([DAY * by_day + (1 - DAY) * one for one in merged])
    return Curve(grid, np.array(rows))


def judged(side: Side, by: Fitted) -> dict[str, float]:
    """F1 of (a) plain clustering, (b) ours, (c) online, (d) online and merged."""
    same, own = side.same(by.model), by.model.at(len(side))
    online = assigned(same, own.join)
    return {
        "plain": side.f1(Tree(side.cosines).cut(between(by.plain, len(side))[0])),
        "ours": side.f1(Tree(same).cut(between(by.cut, len(side))[0])),
        "online": side.f1(online),
        "merged": side.f1(Merging(same, online).merged(own.merge)),
    }


def measure(sets: dict[str, Labelled], splits: int, sample: int) -> dict[str, Any]:
    """Figures by split, and their mean and spread."""
    rows: dict[str, list[dict[str, float]]] = {}
    hint3 = [Side(sets[name], np.random.default_rng(0)) for name in HINT3]
    across = fit([hint3])
    for seed in range(splits):
        rng = np.random.default_rng(seed)
        seen, unseen = sets[BANKING].split(rng)
        fitted = fit(samples(seen, sample, rng))
        for size in (*SIZES, sample):
            name = f"banking77, unseen intents, {size} questions"
            rows.setdefault(name, []).extend(
                judged(Side(unseen.few(size, rng), rng), fitted) for _ in range(max(1, SIZES[1] * 4 // size))
            )
        whole = Side(unseen.sample(sample, rng), rng)
        rows.setdefault("hint3 to banking77", []).append(judged(whole, across))
        for one in hint3:
            rows.setdefault(f"banking77 to {one.own.name}", []).append(judged(one, fitted))
    return {name: _summary(own) for name, own in rows.items()}


def ship(sets: dict[str, Labelled], sample: int) -> dict[str, Any]:
    """What `weights.json` holds."""
    found = fit(samples(sets[BANKING], sample, np.random.default_rng(0))).model
    return {
        "fitted_on": [BANKING],
        "alone": in_numbers(PAIR, found.alone),
        "among": in_numbers(AMONG, found.among),
        "thresholds": [
            {"questions": one.questions, "join": round(one.join, 4), "merge": round(one.merge, 4)}
            for one in found.thresholds
        ],
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
