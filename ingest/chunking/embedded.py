"""What is embedded: title and heading path in front of the chunk, always within the model's window."""

from collections.abc import Sequence

from core.embedding.protocol import Tokenizer
from ingest.chunking.budget import PATH_SEPARATOR, ChunkBudget
from ingest.elements import Chunk

JOINT_TOKENS = 4  # what line breaks between the parts may cost in tokenizers that count them


def embedding_texts(
    text: str, chunks: Sequence[Chunk], title: str, tokenizer: Tokenizer, budget: ChunkBudget
) -> list[str]:
    """One text a chunk; without its prefix where that were too long. Counted as a whole only where it may be."""
    prefixes = _Prefixes(title, tokenizer, budget)
    made: list[str] = []
    close: list[int] = []
    for number, chunk in enumerate(chunks):
        content = text[chunk.start : chunk.end]
        path = tuple(heading for heading in chunk.heading_path if not content.startswith(heading))
        prefix, tokens = prefixes.of(path)
        made.append("\n".join(part for part in (prefix, chunk.context, content) if part))
        if tokens + chunk.token_count + (budget.context if chunk.context else 0) + JOINT_TOKENS > budget.total:
            close.append(number)
    for number, count in zip(close, tokenizer.count([made[number] for number in close]), strict=True):
        if count > budget.total:
            made[number] = text[chunks[number].start : chunks[number].end]
    return made


class _Prefixes:
    """Title and headings within the prefix's budget: the innermost headings are kept, then the title's beginning."""

    def __init__(self, title: str, tokenizer: Tokenizer, budget: ChunkBudget) -> None:
        self._tokenizer, self._limit = tokenizer, budget.prefix
        self._title = self._cut(title, budget.prefix // 2)
        self._known: dict[tuple[str, ...], tuple[str, int]] = {}

    def of(self, path: tuple[str, ...]) -> tuple[str, int]:
        """The prefix and its tokens."""
        if path not in self._known:
            prefix = self._made(path)
            self._known[path] = prefix, self._tokenizer.count([prefix])[0]
        return self._known[path]

    def _made(self, path: tuple[str, ...]) -> str:
        parts = [heading for heading in path if heading != self._title]
        while True:
            prefix = PATH_SEPARATOR.join([self._title, *parts]) if self._title else PATH_SEPARATOR.join(parts)
            if not parts or self._tokenizer.count([prefix])[0] <= self._limit:
                return self._cut(prefix, self._limit)
            parts = parts[1:] if len(parts) > 1 else [self._cut(parts[0], self._limit // 3)] * (len(parts[0]) > 1)
            if len(parts) == 1 and self._tokenizer.count(parts)[0] <= self._limit // 3:
                prefix = PATH_SEPARATOR.join([self._title, *parts])
                return self._cut(prefix, self._limit)

    def _cut(self, text: str, limit: int) -> str:
        text = " ".join(text.split())[: limit * 12]
        offsets = self._tokenizer.offsets(text)
        return text if len(offsets) <= limit else text[: offsets[limit - 1][1]]
