"""How many tokens a chunk may have, and what of them the title and headings in front of it may take."""

from dataclasses import dataclass

from core.embedding.protocol import Tokenizer

PATH_SEPARATOR = " › "
CHARACTERS_PER_TOKEN = 12  # a run without spaces may be one unknown token to the model: it must not count as one


@dataclass(frozen=True, slots=True)
class ChunkBudget:
    """All in tokens of the embedding model. `total` excludes the special tokens that the model adds."""

    total: int
    prefix: int = 48
    context: int = 40
    overlap: int = 30

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> "ChunkBudget":
        """The model's whole window, at most 510 tokens: larger chunks make worse citations."""
        return cls(min(tokenizer.max_tokens - tokenizer.special_tokens, 510))

    @property
    def content(self) -> int:
        """What is left for a chunk's own text."""
        return self.total - self.prefix


def weigh(tokens: int, characters: int) -> int:
    """Tokens, or more where the text is one long run that the tokenizer gave up on."""
    return max(tokens, -(-characters // CHARACTERS_PER_TOKEN))
