"""What the reader learns from: which files, how much of each a pass, under which licence, and what is kept back.

Only data whose licence is stated and lets weights be given away. Left out for want of one: squadshifts, TrecQA, TQuAD,
MultiSpanQA, PIAF; MuSiQue, whose licence is named from memory only. English only: so is the vocabulary of the weights.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from evals.reader import readings
from evals.reader.readings import Example

SEED = 20


class Kind(StrEnum):
    """How a file is read."""

    SPANS = "spans"  # question, passage, where the answer stands
    YES_NO = "yes_no"  # the passage decides the question; no words to quote
    SENTENCES = "sentences"  # sentences judged by people
    PAIRS = "pairs"  # question and a passage that answers it
    BEIR = "beir"  # a folder: corpus and queries, split by article


@dataclass(frozen=True, slots=True)
class Source:
    """`take` is the most examples of a pass, drawn anew in each; `times` repeats few and precious ones."""

    file: str
    kind: Kind
    licence: str
    take: int
    why: str
    times: int = 1


SOURCES = (
    Source("squad2-tune", Kind.BEIR, "CC BY-SA 4.0", 2_000, "human adversarial questions: the hardest negatives", 2),
    Source("clapnq-tune", Kind.BEIR, "Apache-2.0", 200, "real questions, whole passages, half not answered", 3),
    Source("train/qa/squad2-train-10articles", Kind.SPANS, "CC BY-SA 4.0", 400, "human adversarial questions", 3),
    Source("train/qa/squad1-train-44articles", Kind.SPANS, "CC BY-SA 4.0", 6_000, "spans, many a paragraph"),
    Source("train/qa/squad1-train-sample", Kind.SPANS, "CC BY-SA 4.0", 2_500, "spans, 900 other paragraphs"),
    Source("train/qa/derived-squad-same-article-unanswerable", Kind.SPANS, "CC BY-SA 4.0", 2_000,
           "a neighbouring paragraph that shares words"),
    Source("train/qa/tydiqa-en", Kind.SPANS, "Apache-2.0", 3_000, "askers who had not seen the passage"),
    Source("train/qa/afriqa-en", Kind.SPANS, "CC BY 4.0", 2_000, "askers who had not seen the passage"),
    Source("train/qa/nq-open-oracle", Kind.SPANS, "CC BY-SA 3.0", 2_000, "questions typed into a search engine"),
    Source("train/qa/qed-nq-dev", Kind.SPANS, "CC BY-SA 3.0", 1_000, "questions typed into a search engine"),
    Source("train/qa/covid-qa", Kind.SPANS, "Apache-2.0", 500, "long answers of experts"),
    Source("train/qa/tatqa-text", Kind.SPANS, "CC BY 4.0", 663, "financial reports"),
    Source("train/qa/qamr-devtest", Kind.SPANS, "MIT", 1_500, "every content word of a sentence; short, so cheap"),
    Source("train/qa/boolq-part-yesno", Kind.YES_NO, "CC BY-SA 3.0", 600, "passages that decide a question"),
    Source("train/qa/pubmedqa-yesno", Kind.YES_NO, "MIT", 200, "passages that decide a question"),
    Source("train/as2/selqa-devtest", Kind.SENTENCES, "Apache-2.0", 2_000, "near sentences that do not answer"),
    Source("train/as2/hotpotqa-supporting-sample", Kind.SENTENCES, "CC BY-SA 4.0", 600, "near sentences"),
    Source("train/as2/liveqa-med-passages", Kind.SENTENCES, "CC BY 4.0", 500, "passages of a manual, judged"),
    Source("train/pairs/medquad-question-passage", Kind.PAIRS, "CC BY 4.0", 800, "a FAQ's questions and answers"),
)  # fmt: skip
LEFT_OUT = ("squadshifts", "trecqa", "tquad", "multispanqa", "piaf", "musique")
MINED_SHARE = 0.25  # of the answerable ones come again with a passage that our search finds and that does not answer
ALTERED_TAKE = 2_000  # answerable questions with a name, number or direction exchanged: see negatives.py


@dataclass(frozen=True, slots=True)
class Pool:
    """All examples of a source that may be trained on."""

    source: Source
    examples: Sequence[Example]


def pools(data: Path, seed: int = SEED) -> list[Pool]:
    """Every source's examples, without the articles kept back."""
    return [Pool(source, list(_read(data, source, seed))) for source in SOURCES]


def epoch(found: Sequence[Pool], number: int, seed: int = SEED) -> list[Example]:
    """The examples of a pass, in the order of their sources; each pass draws others of the large ones."""
    chosen: list[Example] = []
    for pool in found:
        draw = random.Random(f"{seed}-{number}-{pool.source.file}")
        part = draw.sample(pool.examples, min(pool.source.take, len(pool.examples)))
        chosen += part * pool.source.times
    return chosen


def held_out(data: Path, name: str, seed: int = SEED) -> list[Example]:
    """Questions of `name` (`squad2-tune` or `clapnq-tune`) about articles that no training has seen."""
    examples = list(readings.beir(data / name))
    kept = held_out_groups([one.group for one in examples], seed)
    return [one for one in examples if one.group in kept]


def held_out_groups(groups: Sequence[str], seed: int = SEED) -> frozenset[str]:
    """About half of the questions' articles. `groups` names the article of each question.

    The articles are shuffled, and the next one goes to the half with fewer questions: SQuAD's have some hundreds each.
    """
    sizes = {group: groups.count(group) for group in sorted(set(groups))}
    order = list(sizes)
    random.Random(seed).shuffle(order)
    kept, rest = set[str](), 0
    held = 0
    for group in order:
        if held <= rest:
            kept.add(group)
            held += sizes[group]
        else:
            rest += sizes[group]
    return frozenset(kept)


def _read(data: Path, source: Source, seed: int) -> Iterator[Example]:
    if source.kind is Kind.BEIR:
        examples = list(readings.beir(data / source.file))
        kept = held_out_groups([one.group for one in examples], seed)
        return (one for one in examples if one.group not in kept)
    read = {
        Kind.SPANS: readings.spans,
        Kind.YES_NO: readings.yes_no,
        Kind.SENTENCES: readings.sentences,
        Kind.PAIRS: readings.pairs,
    }[source.kind]
    return read(data / f"{source.file}.jsonl.gz")
