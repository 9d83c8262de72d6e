"""Contacts out of CSVs, as spreadsheets write them."""

import pytest

from core.errors import InvalidInput
from domain.campaigns.contacts import NewContact, Problem
from domain.campaigns.contacts_csv import read_contacts

SEED = "firstName,lastName,phone,email\nVera,Visitor,+15551234567,vera@example.com\n"


def read(text: str, encoding: str = "utf-8") -> list[NewContact | Problem]:
    return list(read_contacts(text.encode(encoding)))


VERA = NewContact(2, "+15551234567", None, "Vera", "Visitor", "vera@example.com")


@pytest.mark.parametrize(
    "text",
    [
        SEED,
        SEED.replace(",", ";"),
        SEED.replace(",", "\t"),
        SEED.replace("\n", "\r\n"),
        "\ufeff" + SEED,
        SEED.replace(
            "firstName,lastName,phone,email", "First Name, LAST_NAME ,Phone-Number,E-Mail".replace("E-Mail", "email")
        ),
        'firstName,lastName,phone,email\n"Vera","Visitor","+15551234567","vera@example.com"\n',
        "name,to,email\nVera Visitor,+15551234567,vera@example.com",
    ],
)
def test_the_ways_to_write_it(text: str) -> None:
    assert read(text) == [VERA]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    text = "firstName;lastName;phone\nJürgen;Müßig;+493012345678\nRenée;Élan;+33612345678\nÖmer;Ünal;+493012345679\n"
    found = read(text, encoding)
    assert [one.last_name for one in found if isinstance(one, NewContact)] == ["Müßig", "Élan", "Ünal"]


def test_other_columns_are_the_contacts_own() -> None:
    (found,) = read("phone,plan,renewal\n+15551234567,gold,2027-01-01\n")
    assert isinstance(found, NewContact)
    assert found.custom == {"plan": "gold", "renewal": "2027-01-01"}


def test_broken_rows_hurt_no_other() -> None:
    text = (
        "name,phone\nA,+15551234561\n\nB,+15551234562,too,many\n"  # lines 2 to 4
        '"C" x,+15551234563\n"D\nD",+15551234564\n' + "E" * 201 + ",+15551234565\nF,+15551234566"
    )
    found = read(text)
    assert [(one.row, one.code) for one in found if isinstance(one, Problem)] == [
        (4, "BROKEN_ROW"), (5, "BROKEN_ROW"), (8, "TOO_LONG"),
    ]  # fmt: skip
    assert [(one.row, one.to) for one in found if isinstance(one, NewContact)] == [
        (2, "+15551234561"), (6, "+15551234564"), (9, "+15551234566"),
    ]  # fmt: skip


def test_what_is_no_text() -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        list(read_contacts(b"%PDF-1.4 \x00\x01\x02" * 100))


@pytest.mark.parametrize(
    ("text", "words"), [("", "empty"), ("\n \n", "empty"), ("a,b\n1,2", "phone"), ("+15551234567\n", "phone")]
)
def test_what_names_nobody_to_call(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(text)
