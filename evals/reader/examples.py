"""Examples as rows of tokens, and rows as batches of similar length."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evals.reader import negatives
from evals.reader.mixture import ALTERED_TAKE, MINED_SHARE, Pool, epoch
from evals.reader.readings import Example
from retrieval.reader.windows import Layout, tokens_of

BATCH = 16
_CHUNK = 64  # batches that are tokenised and sorted by length together
NO_SPAN = -1  # the span is not taught
_TITLE_SHARE = 0.7  # rows that see their title: not every caller has one


@dataclass(frozen=True, slots=True)
class Row:
    """`start` and `end` are tokens, 0 ([CLS]) where nothing answers, `NO_SPAN` where the span is not taught."""

    ids: list[int]
    segments: list[int]
    start: int
    end: int
    relevant: float


class Lesson:
    """The passes over the mixture. A batch is known by its pass and its number: training can go on from any."""

    def __init__(self, pools: Sequence[Pool], layout: Layout, seed: int, batch: int = BATCH) -> None:
        self.pools = pools
        self._layout, self._seed, self._batch = layout, seed, batch
        self._miner: negatives.Miner | None = None
        self._pass: tuple[int, list[Example]] | None = None

    def batches(self, number: int, start: int = 0) -> Iterator[list[Row]]:
        """The batches of pass `number`, from batch `start` on."""
        examples = self.examples(number)
        size = _CHUNK * self._batch
        for chunk in range(start // _CHUNK, -(-len(examples) // size)):
            made = self._chunk(examples[chunk * size : (chunk + 1) * size], number, chunk)
            yield from made[max(0, start - chunk * _CHUNK) :]

    def examples(self, number: int) -> list[Example]:
        """All examples of a pass, negatives among them, shuffled."""
        if self._pass is None or self._pass[0] != number:
            draw = random.Random(f"{self._seed}-{number}")
            chosen = epoch(self.pools, number, self._seed)
            chosen += [*self._mined(chosen, draw), *_altered(chosen, draw)]
            draw.shuffle(chosen)
            self._pass = (number, chosen)
        return self._pass[1]

    def _mined(self, chosen: Sequence[Example], draw: random.Random) -> list[Example]:
        if self._miner is None:
            self._miner = negatives.Miner([one for pool in self.pools for one in pool.examples])
        marked = [one for one in chosen if one.answers]
        part = draw.sample(marked, round(len(marked) * MINED_SHARE))
        return [found for one in part if (found := self._miner.negative(one, draw))]

    def _chunk(self, examples: Sequence[Example], number: int, chunk: int) -> list[list[Row]]:
        draw = random.Random(f"{self._seed}-{number}-{chunk}")
        rows = [row_of(example, self._layout, draw) for example in examples]
        rows.sort(key=lambda row: len(row.ids))
        made = [rows[i : i + self._batch] for i in range(0, len(rows), self._batch)]
        draw.shuffle(made)
        return made


def row_of(example: Example, layout: Layout, draw: random.Random) -> Row:
    """The row of an example: a window that holds one of its answers, the shortest (it is the most exact)."""
    answer = min(example.answers, key=lambda span: span[1] - span[0], default=None)
    title = example.title if draw.random() < _TITLE_SHARE else ""
    window = layout.window_with(example.question, example.passage, title, answer, draw.random())
    start = end = 0 if example.spanned else NO_SPAN
    if answer is not None:
        first, last = tokens_of(window.offsets, answer)
        start, end = window.first + first, window.first + last
    return Row(window.ids, window.segments, start, end, float(example.relevant))


def _altered(chosen: Sequence[Example], draw: random.Random) -> list[Example]:
    from_squad = [one for one in chosen if one.answers and one.source.startswith("squad")]
    part = draw.sample(from_squad, min(ALTERED_TAKE * 2, len(from_squad)))
    return [found for one in part if (found := negatives.altered(one, draw))][:ALTERED_TAKE]
