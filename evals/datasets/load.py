"""From a path to a data set, by what lies there."""

from dataclasses import replace
from pathlib import Path
from random import Random

from evals.datasets import folder as plain
from evals.datasets import papers, site
from evals.datasets.model import DataSet, DataSetError
from evals.datasets.own import read_questions


def load(path: Path, *, split: str | None = None, pages: Path | None = None) -> DataSet:
    """`pages` is the folder of the site that a set asks about. Raises `DataSetError`: what was looked for."""
    if path.is_file():
        return read_questions(path)
    if not path.is_dir():
        raise DataSetError(f"{path} is not there.")
    if (path / plain.CORPUS).is_file():
        return plain.read_folder(path, split)
    if site.is_site(path):
        return site.read_site(path, pages)
    if (path / papers.PAPERS).is_file():
        return papers.read_papers(path)
    if (path / papers.FILINGS).is_file() and any(path.rglob("*.pdf")):
        return papers.read_filings(path)
    raise DataSetError(
        f"{path} is no data set: neither {plain.CORPUS}, nor {papers.PAPERS}, nor {papers.FILINGS} with PDF files."
    )


def sampled(data: DataSet, questions: int, seed: int) -> DataSet:
    """At most so many of its questions, the same for the same seed; all documents stay."""
    if questions >= len(data.questions):
        return data
    chosen = sorted(Random(seed).sample(range(len(data.questions)), questions))
    return replace(data, questions=[data.questions[number] for number in chosen])
