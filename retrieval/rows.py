"""Rows as answers: the cells that are asked for, with the names of row and column."""

import re
from collections.abc import Sequence

from retrieval.extract import Candidate, Ranking
from retrieval.question import Question, Wanted
from retrieval.statements import Statement

_NAMES = {
    Wanted.MONEY: re.compile(
        r"cost|price|fee|charge|amount|eur|usd|gbp|chf|€|\$|£|rate|preis|kosten|geb[üu]hr|prix|precio", re.I
    ),
    Wanted.TIME: re.compile(r"date|time|day|hour|when|year|from|until|datum|zeit|tag|uhr|fecha|hora", re.I),
    Wanted.PERSON: re.compile(r"name|person|contact|owner|manager|lead|who|head|kontakt|leiter", re.I),
}


def tied_rows(question: Question, best: Sequence[Candidate]) -> list[Candidate]:
    """The best row; where a list is asked for, or no cell tells which, all of its table that answer as well."""
    first = best[0]
    if not first.statement.names or (question.wanted is not Wanted.LIST and first.own > 0):
        return [first]
    tied = (one for one in best if one.own == first.own and one.statement.names == first.statement.names)
    rows = [one for one in tied if _document(one) == _document(first)]
    return sorted(rows, key=lambda one: one.statement.passage.stored.char_start + one.statement.start)


def column_rows(question: Question, ranking: Ranking) -> list[list[tuple[Candidate, int]]]:
    """Rows of the best document's tables that have a column named as what is listed (“formats”: “Format”), with its
    number; a list for each passage, in the order of the document."""
    noun = question.listed
    found: list[list[tuple[Candidate, int]]] = []
    for around in ranking.in_order.values():
        rows = [(one, [_plain(name) for name in one.statement.names].index(noun)) for one in around if _has(one, noun)]
        if rows and (not found or _document(rows[0][0]) == _document(found[0][0][0])):
            found.append(rows)
    return sorted(found, key=lambda rows: rows[0][0].statement.passage.stored.char_start)


def _document(one: Candidate) -> str:
    return one.statement.passage.stored.document_id


def _has(one: Candidate, noun: str) -> bool:
    return bool(noun) and noun in map(_plain, one.statement.names)


def _plain(word: str) -> str:
    return word.casefold().strip().rstrip("s")


def shown(question: Question, chosen: Candidate) -> str:
    """“Harbour plan – Monthly fee in EUR: 79”; as it is stored where its columns have no names."""
    statement = chosen.statement
    if not any(statement.names):
        return ", ".join(cell for cell in statement.cells if cell) or statement.text
    label = _label(statement)
    wanted = _asked_columns(question, statement, label)
    cells = [
        f"{name}: {value}" if name else value
        for number, (name, value) in enumerate(zip(statement.names, statement.cells, strict=True))
        if value and number != label and (not wanted or number in wanted)
    ]
    return (
        f"{statement.cells[label]} – {'; '.join(cells)}"
        if label is not None and cells
        else "; ".join(cells) or statement.text
    )


def _label(statement: Statement) -> int | None:
    """The cell that names the row: the first that is not a figure."""
    filled = [number for number, cell in enumerate(statement.cells) if cell]
    named = next((number for number in filled if re.search(r"[^\W\d_]", statement.cells[number])), None)
    return named if named is not None and len(filled) > 1 and named <= filled[0] + 1 else None


def _asked_columns(question: Question, statement: Statement, label: int | None) -> set[int]:
    """Columns whose names share telling words with the question beyond those that the row's label has; else those of
    the kind that it wants; none: all."""
    words = {word.casefold().rstrip("s") for word in re.findall(r"[^\W_]+", question.words)}
    own = set() if label is None else {w.casefold().rstrip("s") for w in re.findall(r"[^\W_]+", statement.cells[label])}
    names = [{w.casefold().rstrip("s") for w in re.findall(r"[^\W_]+", name)} for name in statement.names]
    everywhere = set.intersection(*names) if len(names) > 1 else set()
    shares = {n: len((words - own - everywhere) & found) for n, found in enumerate(names) if n != label}
    most = max(shares.values(), default=0)
    if most:
        return {n for n, shared in shares.items() if shared == most}
    kind = _NAMES.get(question.wanted)
    return {n for n, name in enumerate(statement.names) if n != label and kind is not None and kind.search(name)}
