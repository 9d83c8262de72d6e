"""Sentences as spans of a text: what chunks are cut at and what an extractive answer quotes.

Where a full stop ends a sentence is told from both sides of it (Grefenstette and Tapanainen 1994), by rules that hold
across languages: nothing ends before a small letter, an abbreviation ends one only before a word that often begins one,
and the numbers of an enumeration begin what follows them. sentencex 1.0, the maintained library, cuts behind “max.”,
“incl.”, “approx.” and behind the numbers of steps.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_SENTENCE = 600  # characters; longer runs are cut at white space
_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？؟।])\s*")
_ROW = re.compile(r"^[^:\n]{1,60}: \S")  # “Name: value; …”, a record that names its columns
_LINE_ITEM = re.compile(r"^\s*(?:[-*•|]|\d+[.)])\s?")
_CLOSING, _OPENING = "\"'”’»)]", "\"'“‘«(["
_NEXT_WORD = re.compile(r"[\"'“‘«(\[¿¡]*([^\W_]+)")
_STEP = re.compile(r"(?<!\S)(?:(\d{1,2})[.)]|\((\d{1,2})\))\s+(?=\S)")
_VOWEL = re.compile(r"[aeiouyäöüàáâãåæèéêëìíîïòóôõøœùúûýаеёиоуыэюяіїєαεηιουωάέήίόύώ]", re.I)
# before a name or number; they never end a sentence
_TITLES = frozenset(
    "dr mr mrs ms mx prof st hr hrn fr frl sr sra dra mme mlle sig dott ing gen col lt sgt rev hon".split()
)
_MONTHS = frozenset(
    "january february march april may june july august september october november december januar "
    "februar märz mai juni "
    "juli oktober dezember janvier février mars avril juin juillet août septembre octobre novembre décembre enero "
    "febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()
)
_ABBREVIATIONS = _TITLES | frozenset(
    "max min incl excl approx ca circa etc vs cf viz al ibid op resp no nos nr num núm número vol vols ed eds pp p fig "
    "figs eq eqs sec secs ch chap art arts para paras par app ref refs tab abs absatz ziff zif kap lit bd hrsg aufl "
    "inc ltd co corp plc bros dept est gov univ assn med phil jur nat ave blvd rd apt bldg ext tel "
    "fax mob mon tue tues wed thu thur "
    "thurs fri sat sun jan feb mar mrz apr jun jul aug sep sept okt oct nov dez dec mio mrd tsd mill bzw usw ggf evtl "
    "inkl exkl zzgl abzgl vgl sog gem lt bspw einschl ausschl allg durchschn mind höchst str pl std stk stck "
    "wg bes insb insbes geb gest verh urspr av avda ud uds pág págs aprox depto edo máx mín gral "
    "env chap éd bull boul tél réf ex réf janv févr avr juil pag ecc dott egr gent nn art artt "
    "ул г гг т д п др пр стр рис тыс млн млрд руб см им напр".split()
)
# words that often begin a sentence; behind them an abbreviation has ended one
_BEGINNERS = frozenset(
    "the a an this that these those it its he she we you they there here if when while where who what why how in on at "
    "for from to with by as after before during since until although because however then also but and or so all each "
    "every both some many most one two no not please see use make our your his her their my i der die das den dem ein "
    "eine einen er sie es wir ihr man dies diese dieser dieses wenn falls nach vor bei mit für im am zum zur auf aus "
    "alle jede jeder bitte hier dort dann auch aber und oder so el la los las un una unos este esta estos en con para "
    "por si cuando le les des ce cette il elle ils elles nous vous on dans pour avec".split()
)
_ORDINAL_BEFORE = re.compile(
    r"\b(?:am|der|die|das|dem|den|des|im|vom|zum|zur|beim|bis|ab|seit|jeden|og|den|d)\s*$", re.I
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """`start`/`end` are offsets into the passage's content."""

    start: int
    end: int
    text: str


def sentences(content: str) -> list[Sentence]:
    """Sentences, list items and table lines of `content`, trimmed, in order."""
    return [piece for block in _blocks(content) for piece in _split(content, *block)]


def sentences_within(content: str, start: int, end: int) -> list[Sentence]:
    """The sentences of one block of running text, `content[start:end]`."""
    return list(_cut(content, start, end))


def steps_within(content: str, start: int, end: int) -> dict[int, int]:
    """Where the items of an enumeration in running text begin, and their text: “1. … 2. … 3. …”; none where the
    numbers do not run."""
    found: dict[int, int] = {}
    for match in _STEP.finditer(content, start, end):
        number = int(match[1] or match[2])
        if number == 1:
            found = {}
        if number == len(found) + 1:
            found[match.start()] = match.end()
    return found if len(found) > 1 else {}


def _blocks(content: str) -> Iterator[tuple[int, int]]:
    """Paragraphs; lines where they are items, rows or headings of their own."""
    position = 0
    for paragraph in re.split(r"(\n\s*\n)", content):
        start, position = position, position + len(paragraph)
        lines = paragraph.splitlines(keepends=True)
        if not paragraph.strip():
            continue
        if _is_list(lines):
            for line in lines:
                yield start, start + len(line)
                start += len(line)
        else:
            yield start, position


def _is_list(lines: list[str]) -> bool:
    """Items, rows, records or headings: each line speaks for itself."""
    items = any(_LINE_ITEM.match(line) for line in lines)
    records = len(lines) > 1 and all(_ROW.match(line) for line in lines)
    return items or records or all(len(line) < 60 for line in lines)


def _split(content: str, start: int, end: int) -> Iterator[Sentence]:
    if _LINE_ITEM.match(content[start:end]) or _is_record(content[start:end]):
        yield from _trimmed(content, start, end)
    else:
        yield from _cut(content, start, end)


def _is_record(line: str) -> bool:
    return "; " in line and all(_ROW.match(part) for part in line.strip().split("; ")[:2])


def _cut(content: str, start: int, end: int) -> Iterator[Sentence]:
    begin = start
    for cut, following in _ends(content, start, end):
        yield from _trimmed(content, begin, cut)
        begin = following
    yield from _trimmed(content, begin, end)


def _ends(content: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where sentences end, and where what follows begins."""
    steps = steps_within(content, start, end)
    places = {match.end(): match.start() + len(match.group().rstrip()) for match in _END.finditer(content, start, end)}
    markers = set(steps.values())
    for following in sorted(places.keys() | steps.keys()):
        if following in markers or not start < following < end:
            continue
        cut = places.get(following, following)
        if following in steps or _is_end(content[max(start, cut - 40) : cut], content[following : following + 40]):
            yield cut, following


def _is_end(before: str, after: str) -> bool:
    """Whether the full stop at the end of `before` ends a sentence that `after` follows."""
    following = _NEXT_WORD.match(after)
    word = following[1] if following else ""
    if word[:1].islower():
        return False
    front, _, token = before.rpartition(" ")
    token = token.rstrip(_CLOSING)
    if not token.endswith("."):
        return True
    last = token[:-1].lstrip(_OPENING)
    stem = last.casefold()
    if stem.isdigit() and (not front.strip() or front.rstrip().endswith(":")):
        return False  # the number of a step
    if stem.isdigit():
        ordinal = len(stem) <= 2 and (_ORDINAL_BEFORE.search(front) or word.casefold() in _MONTHS)
        return not ordinal
    if stem in _TITLES:
        return False
    return word.casefold() in _BEGINNERS or not _is_abbreviation(last, front, word)


def _is_abbreviation(word: str, before: str, following: str) -> bool:
    """`word` stood before a full stop, `before` in front of it; `following` begins with no small letter."""
    folded = word.casefold()
    if folded in _ABBREVIATIONS or ("." in word and all(len(part) <= 3 for part in word.split("."))):
        return True
    if len(word) == 1 and word.isalpha() and word.isascii():
        return word.islower() or not before.strip() or bool(re.search(r"(?:\b[A-Z][\w’'-]*|\.)\s*$", before))
    spoken = word.isupper() or not word.isascii() or not word.isalpha() or _VOWEL.search(word) is not None
    is_unit = bool(re.search(r"\d\s*$", before))  # “5 kg.” is the end of what it says
    return not spoken and not is_unit and bool(following)


def _trimmed(content: str, start: int, end: int) -> Iterator[Sentence]:
    while end - start > MAX_SENTENCE:
        cut = content.rfind(" ", start, start + MAX_SENTENCE)
        cut = cut if cut > start else start + MAX_SENTENCE
        yield from _trimmed(content, start, cut)
        start = cut
    text = content[start:end].strip()
    if any(character.isalnum() for character in text):
        begin = content.index(text, start)
        yield Sentence(begin, begin + len(text), text)
