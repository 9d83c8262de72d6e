"""How long it takes to find the cluster of a question among many, each of one question."""

import gzip
import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np

from domain.unanswered.groups import Groups, Place
from evals.clustering.data import embedded
from retrieval.paraphrase import asked, load_pair_model

ASKED = 500  # questions that are then assigned


def time_assigning(data: Path, cache: Path | None, clusters: int) -> dict[str, Any]:
    """Milliseconds a question: its text prepared, compared, and taken up; and seconds to load the clusters."""
    texts = _questions(data, clusters + ASKED)
    vectors = embedded(texts, cache / "assigned.npy" if cache else None)
    places = [Place(f"phr_{row}", f"uq_{row}", None) for row in range(clusters)]
    began = time.perf_counter()
    known = [asked(text, [vector]) for text, vector in zip(texts[:clusters], vectors[:clusters], strict=True)]
    groups = Groups(load_pair_model(), places, known)
    loaded = time.perf_counter() - began
    took, joined = [], 0
    for number, (text, vector) in enumerate(zip(texts[clusters:], vectors[clusters:], strict=True)):
        began = time.perf_counter()
        found = groups.add(asked(text, [vector]))
        groups.settle(found.row, Place(f"new_{number}", found.cluster_id or f"new_{number}", None))
        took.append((time.perf_counter() - began) * 1000)
        joined += found.cluster_id is not None
    p50, p95, p99 = np.percentile(took, [50, 95, 99]).round(1).tolist()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "clusters": clusters,
        "asked": ASKED,
        "joined": joined,
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "load_s": round(loaded, 1),
        "memory_mb": round(memory),
    }


def _questions(data: Path, most: int) -> list[str]:
    """Different ones of the training sets, in the order of their files."""
    found: dict[str, None] = {}
    for path in sorted((data / "train" / "qa").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                found.setdefault(json.loads(line)["question"])
                if len(found) == most:
                    return list(found)
    raise SystemExit(f"There are only {len(found):,} questions in {data / 'train' / 'qa'}.")
