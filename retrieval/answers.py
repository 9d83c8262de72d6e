"""What an answer is: text, the quotes it rests on, and how sure we are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from retrieval.passages import Passage
from retrieval.scaling import AS_IT_IS, Scaling


class Generator(StrEnum):
    EXTRACTIVE = "extractive"
    LLM = "llm"


@dataclass(frozen=True, slots=True)
class Quote:
    """A citation: `text` equals the document's stored text from `char_start` to `char_end`."""

    passage: Passage
    char_start: int
    char_end: int
    text: str


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """The words of the first quote that answer by themselves; a span of the document's stored text, as the quote is."""

    char_start: int
    char_end: int
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier message of the conversation."""

    role: str  # "user" or "agent"
    content: str


DEFAULT_THRESHOLD = 0.4  # from the risk-coverage curves of docs/confidence.md


@dataclass(frozen=True, slots=True)
class Style:
    """What of an agent's settings an answer depends on."""

    max_characters: int = 500
    threshold: float = DEFAULT_THRESHOLD
    fallback: str = "I don't have information on that in my sources."
    allowed_topics: tuple[str, ...] = ()  # none: everything
    blocked_words: tuple[str, ...] = ()
    tone: str = "friendly"
    response_style: str = "conversational"
    system_prompt: str | None = None
    language: str | None = None  # ISO 639-1, None: as the question
    calibration: Scaling = AS_IT_IS  # the workspace's own


class Refusal(StrEnum):
    """Why the fallback was given."""

    NOTHING_FOUND = "nothing_found"
    BELOW_THRESHOLD = "below_threshold"
    BLOCKED_WORD = "blocked_word"
    OFF_TOPIC = "off_topic"
    MODEL_REFUSED = "model_refused"  # the language model said that the sources do not answer


@dataclass(frozen=True, slots=True)
class Trace:
    """How an answer came about: what was asked (a follow-up with what it leans on), what was found, best first, what
    the reader said of each passage that it read (log-odds, by chunk), and the features of the confidence."""

    asked: str
    language: str
    passages: Sequence[Passage]
    relevance: Mapping[str, float]
    features: Mapping[str, float]
    raw_confidence: float  # before the workspace's calibration
    timings_ms: Mapping[str, float]
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`answered` is False when the fallback was given; then there are no quotes."""

    text: str
    quotes: Sequence[Quote]
    confidence: float
    answered: bool
    generator: Generator
    notice: str | None = None  # e.g. why the LLM was not used
    short: ShortAnswer | None = None
    trace: Trace | None = field(default=None, compare=False)
