"""Yes and no: said where a statement plainly rules, and nowhere else."""

import pytest

from core.embedding.words import terms
from retrieval.polarity import Polarity
from retrieval.question import understood


def word(question: str, statement: str, above: str = "", language: str = "en") -> str | None:
    polarity = Polarity(language, lambda text: list(terms(text, language)))
    return polarity.word(understood(question), statement, above)


@pytest.mark.parametrize(
    ("question", "statement", "expected"),
    [
        ("Is smoking allowed?", "Smoking is forbidden in all rooms.", "No"),
        ("Are pets allowed?", "Pets are allowed in the garden.", "Yes"),
        ("Can I bring my dog?", "You can bring your dog to the garden.", "Yes"),
        ("Is breakfast included?", "Breakfast is included in the price.", "Yes"),
        ("Does the Basic plan include phone support?", "The Basic plan does not include phone support.", "No"),
        ("Is a deposit required?", "No deposit is required.", "No"),
        ("Is smoking allowed?", "Nobody may smoke in the rooms, and smoking is fined.", "No"),
        ("Hello, do you accept credit cards?", "We accept credit cards and PayPal.", "Yes"),
    ],
)
def test_a_plain_ruling_is_said(question: str, statement: str, expected: str) -> None:
    assert word(question, statement) == expected


@pytest.mark.parametrize(
    ("question", "statement"),
    [
        ("Is smoking allowed?", "Smoking is allowed only on the balcony."),
        ("Is smoking allowed?", "Smoking is allowed unless others object."),
        ("Is smoking allowed?", "It is not true that smoking is not allowed."),
        ("Is smoking not allowed?", "Smoking is forbidden in all rooms."),
        ("Is parking unavailable?", "Parking is unavailable on Sundays."),
        ("Are pets excluded?", "Pets are excluded."),
        ("Doesn't it include breakfast?", "It does not include breakfast."),
        ("Can I bring my dog?", "Cats are not permitted in the museum."),
        ("Is smoking or drinking allowed?", "Smoking is forbidden in all rooms."),
        ("When is smoking allowed?", "Smoking is forbidden in all rooms."),
        ("Can you tell me when smoking is allowed?", "Smoking is forbidden in all rooms."),
        ("Is the bridge red?", "The bridge is not red."),
        ("Does the Team plan include phone support?", "The Basic plan does not include phone support."),
        ("Are 14 seats included?", "40 seats are included."),
    ],
)
def test_conditions_other_things_and_open_questions_are_not(question: str, statement: str) -> None:
    assert word(question, statement) is None


def test_what_it_is_about_may_stand_in_the_heading() -> None:
    assert word("Is smoking allowed in the garden?", "Smoking is allowed.", "Garden") == "Yes"


def test_german_questions_have_german_answers() -> None:
    assert word("Ist Rauchen erlaubt?", "Rauchen ist in allen Räumen verboten.", language="de") == "Nein"


def test_other_languages_have_none() -> None:
    assert word("Is smoking allowed?", "Smoking is forbidden.", language="fr") is None
