"""The phrasings of a workspace in memory: what is found, and what becomes of it when others change them."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.embedding.fake import FakeEmbeddingModel
from domain.unanswered.groups import Groups, Place
from domain.unanswered.phrasing import digest_of
from retrieval.paraphrase import Asked, asked, load_pair_model

FAKE = FakeEmbeddingModel()
WARRANTY, SAME = "How long is the battery covered?", "For how long is the battery covered?"
OFFICE = "Where is your office?"


def of(text: str) -> Asked:
    return asked(text, [FAKE.embed_query(text)])


@pytest.fixture
def groups() -> Groups:
    """Two clusters of one phrasing each."""
    places = [Place("p1", "c1", "Battery"), Place("p2", "c2", None)]
    return Groups(load_pair_model(), places, [of(WARRANTY), of(OFFICE)])


def test_the_same_meaning_is_found(groups: Groups) -> None:
    found = groups.add(of(SAME))
    assert (found.cluster_id, found.related) == ("c1", "Battery")


def test_nothing_is_found_for_another_one(groups: Groups) -> None:
    found = groups.add(of("Do you support webhooks?"))
    assert (found.cluster_id, found.related) == (None, None)


def test_what_has_no_place_is_not_found(groups: Groups) -> None:
    groups.forget([0])
    assert groups.add(of(SAME)).cluster_id is None
    assert groups.add(of(SAME)).cluster_id is None  # the one before has no place either


def test_a_new_one_is_found_once_it_is_settled(groups: Groups) -> None:
    row = groups.add(of("Do you support webhooks?")).row
    groups.settle(row, Place("p3", "c3", None))
    assert groups.add(of("do you support webhooks, too")).cluster_id == "c3"


def test_as_others_have_moved_them(groups: Groups) -> None:
    new = groups.arrange([Place("p1", "c2", "Offices"), Place("p4", "c4", None)])
    assert new == [Place("p4", "c4", None)]
    found = groups.add(of(SAME))
    assert (found.cluster_id, found.related) == ("c2", "Offices")
    assert groups.add(of(OFFICE)).cluster_id is None  # p2 is gone


def test_an_empty_one_finds_nothing() -> None:
    assert Groups(load_pair_model(), [], []).add(of(WARRANTY)).cluster_id is None


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("  how long is\tthe BATTERY covered", True),
        ("¿How long is the battery covered?!", True),
        ("How long is the battery  covered？", True),
        ("How long is the batteries covered?", False),
        ("", False),
        ("???", False),
    ],
)
def test_the_same_words(text: str, *, same: bool) -> None:
    assert (digest_of(text) == digest_of(WARRANTY)) is same


def test_marks_alone_are_words() -> None:
    assert len({digest_of(one) for one in ("", "?", "??", "...", "\ud800")}) == 5


def test_what_runs_by_the_clock_imports_no_heavy_package() -> None:
    """Clustering is loaded where something is clustered: workers start small."""
    code = "import sys, domain.job_registry; print([one for one in ('scipy', 'sklearn') if one in sys.modules])"
    root = Path(__file__).resolve().parents[4]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
