"""Questions of which the intent is known, with their vectors."""

import csv
import gzip
import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.embedding.factory import BUILT_IN, load_model
from core.embedding.protocol import Floats
from retrieval.paraphrase import Known, asked

BANKING = "banking77"  # CC BY 4.0
# questions that are asked once each, many of one article: CC BY 4.0, Apache 2.0, CC0
ASKED_ONCE = ("afriqa-en", "covid-qa", "tatqa-text", "heq-he", "norquad-no", "tydiqa-multi")
FACTS = ("squad2-tune", "xquad-de", "xquad-zh", "xquad-ar")  # to measure on: all different, many of one text
OF_EACH_FILE = 600
BESIDE, RUN = 0.3, 15  # of those, beside questions of intents: as many for each of them, and together
HINT3 = ("hint3-curekart", "hint3-powerplay11", "hint3-sofmattress")  # ODbL 1.0
_OF_EACH = 4  # questions of an intent, at least and on average, in a small sample
_OUT_OF_SCOPE = "NO_NODES_DETECTED"


@dataclass(frozen=True, slots=True)
class Labelled:
    """`vectors` (questions, dimensions)."""

    name: str
    texts: npt.NDArray[np.str_]
    intents: npt.NDArray[np.str_]
    vectors: Floats

    def take(self, rows: npt.NDArray[np.int64]) -> "Labelled":
        """These rows, in this order."""
        return Labelled(self.name, self.texts[rows], self.intents[rows], self.vectors[rows])

    def sample(self, most: int, rng: np.random.Generator) -> "Labelled":
        """At most so many, in random order."""
        return self.take(rng.permutation(len(self.texts))[:most])

    def few(self, most: int, rng: np.random.Generator) -> "Labelled":
        """At most so many, some of each intent: of few intents where there are few questions."""
        names = rng.permutation(np.unique(self.intents))[: max(2, most // _OF_EACH)]
        return self.take(np.flatnonzero(np.isin(self.intents, names))).sample(most, rng)

    def beside(self, others: "Labelled", rng: np.random.Generator) -> "Labelled":
        """With some of others, in runs as they stand there, which are of one article."""
        runs = [rng.integers(0, len(others.texts) - RUN) for _ in range(round(len(self.texts) * BESIDE / RUN))]
        rows = np.unique(np.concatenate([np.arange(start, start + RUN) for start in runs] + [np.empty(0, np.int64)]))
        own = others.take(rows.astype(np.int64))
        both = [(self.texts, own.texts), (self.intents, own.intents), (self.vectors, own.vectors)]
        joined = Labelled(self.name, *(np.concatenate(pair) for pair in both))
        return joined.take(rng.permutation(len(joined.texts)))

    def split(self, rng: np.random.Generator) -> tuple["Labelled", "Labelled"]:
        """Two halves without a common intent."""
        names = rng.permutation(np.unique(self.intents))
        first = np.isin(self.intents, names[: len(names) // 2])
        return self.take(np.flatnonzero(first)), self.take(np.flatnonzero(~first))

    def known(self) -> Known:
        """All of them, compared with each other."""
        return Known([asked(text, [own]) for text, own in zip(self.texts.tolist(), self.vectors, strict=True)])


def labelled(data: Path, cache: Path | None) -> dict[str, Labelled]:
    """All sets by name; vectors are kept in `cache`."""
    rows = {BANKING: _banking(data / "intents" / "banking77_train.csv")}
    rows |= _hint3(data / "train" / "pairs" / "hint3-intents.jsonl.gz")
    texts = [text for own in rows.values() for text, _ in own]
    vectors, at, found = embedded(texts, cache / "questions.npy" if cache else None), 0, {}
    for name, own in rows.items():
        pairs = np.array(own, np.str_)
        found[name] = Labelled(name, pairs[:, 0], pairs[:, 1], vectors[at : at + len(own)])
        at += len(own)
    return found


def _banking(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def _hint3(path: Path) -> dict[str, list[tuple[str, str]]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    asked_ = [row for row in rows if row["label"] != _OUT_OF_SCOPE]
    return {name: [(row["a"], row["label"]) for row in asked_ if row["source"] == name] for name in HINT3}


def asked_once(data: Path, cache: Path | None) -> Labelled:
    """Questions of facts; two of one text with the same answer have one intent."""
    rows = []
    for name in ASKED_ONCE:
        with gzip.open(data / "train" / "qa" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            own = [json.loads(line) for line in file]
        own.sort(key=lambda row: hashlib.sha256(row["context"].encode()).hexdigest())
        rows += [(row["question"], f"{name} {row['context'][:80]} {row['answers'][:1]}") for row in own[:OF_EACH_FILE]]
    texts = np.array([row[0] for row in rows], np.str_)
    vectors = embedded(texts.tolist(), cache / "asked_once.npy" if cache else None)
    return Labelled("asked once", texts, np.array([row[1] for row in rows], np.str_), vectors)


def facts(data: Path, name: str, cache: Path | None) -> Labelled:
    """Questions of a set of `data`, in its order; every one its own intent."""
    with (data / name / "queries.jsonl").open(encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line, _ in zip(file, range(OF_EACH_FILE), strict=False)]
    names = np.array([str(row) for row in range(len(texts))], np.str_)
    return Labelled(name, np.array(texts, np.str_), names, embedded(texts, cache / f"{name}.npy" if cache else None))


def embedded(texts: Sequence[str], path: Path | None) -> Floats:
    """By the built-in model; what is kept at `path` is taken as theirs."""
    if path and path.is_file():
        kept: Floats = np.load(path)
        return kept
    with tempfile.TemporaryDirectory() as folder:
        model = load_model(BUILT_IN, cache_dir=Path(folder), threads=1)
        vectors = model.embed_passages(texts)
        model.close()
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, vectors)
    return vectors
