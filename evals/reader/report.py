"""What a run leaves: `reader.json` beside the weights, and the section of docs/reader.md between two markers."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.reader.mixture import Pool
from evals.reader.readings import Example
from retrieval.reader.runtime import DESCRIPTION

BEGIN, END = "<!-- figures: written by python -m evals.train_reader -->", "<!-- end of figures -->"
_ROWS = (
    ("squad2_f1", "span F1, context given, answerable", "≥ .65"),
    ("squad2_exact", "exact match", ""),
    ("found_f1", "span F1, context found (BM25's first five)", "≥ .58"),
    ("squad2_auroc_relevance", "adversarial answerability, AUROC of the relevance", "≥ .75"),
    ("squad2_auroc_margin", "the same, span less null", ""),
    ("squad2_auroc_both", "the same, relevance + ¼ margin", "≥ .75"),
    ("clapnq_auroc", "CLAPnq, highest relevance of BM25's first three, AUROC", "≥ .91"),
)


def data_used(pools: Sequence[Pool], examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Files of one pass with their licence and number of examples; then what was made of them."""
    files = [
        {
            "file": pool.source.file,
            "licence": pool.source.licence,
            "examples": min(pool.source.take, len(pool.examples)) * pool.source.times,
            "of": len(pool.examples),
        }
        for pool in pools
    ]
    made = Counter(one.source.partition(":")[0] for one in examples if ":" in one.source)
    return [*files, *({"made": name, "examples": number} for name, number in sorted(made.items()))]


def write_description(folder: Path, description: Mapping[str, Any]) -> None:
    """`reader.json`: what the weights are, for the runtime and for people."""
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_docs(path: Path, description: Mapping[str, Any]) -> None:
    """Replace what stands between the markers."""
    text = path.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, found, tail = rest.partition(END)
    if not found:
        raise ValueError(f"{path} has no {BEGIN} … {END}.")
    path.write_text(f"{head}{BEGIN}\n{section(description)}\n{END}{tail}", encoding="utf-8")


def section(description: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    exact, small = description["figures"]["float32"], description["figures"]["int8"]
    table = ["| on articles kept back | float32 | int8 | wanted |", "| --- | --- | --- | --- |"]
    table += [f"| {label} | {exact[name]:.3f} | {small[name]:.3f} | {wanted} |" for name, label, wanted in _ROWS]
    trained, speed = description["training"], description["speed"]
    lines = [
        f"Trained on {trained['examples']:,} examples in {trained['minutes']:.1f} minutes "
        f"({trained['pairs_per_s']:.1f} pairs/s on {trained['machine']}), seed {trained['seed']}; "
        f"{int(exact['squad2_questions']):,} questions of SQuAD 2.0 "
        f"and {int(exact['clapnq_questions'])} of CLAPnq judged.",
        "",
        *table,
        "",
        f"Eight passages of about 192 tokens: {speed['ms_p50']:.0f} ms (p50), {speed['ms_p95']:.0f} ms (p95), int8. "
        f"File: {description['bytes']:,} bytes, SHA-256 `{description['sha256']}`.",
    ]
    return "\n".join(lines)
