"""What stands in the header of a mail: addresses, the subject, ids of messages. None holds a line break, so nobody can
add a line of their own (RFC 5322 §2.2)."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from email.headerregistry import Address

from core.errors import InvalidInput
from core.visible import one_line
from domain.leads.contact import email_key

MAX_NAME, MAX_SUBJECT, MAX_REFERENCES = 200, 998, 50
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]+)>")
_MESSAGE_ID = re.compile(r"[^<>\s\x00-\x1f\x7f]{1,250}")
_REPLY = re.compile(r"(?:re\s*:\s*)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`address` in normal form; `str` is how a header shows it."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def __str__(self) -> str:
        local, _, domain = self.address.rpartition("@")
        return str(Address(self.name, local, domain))


def mailbox(text: str, field: str, known: Collection[str] = ()) -> Mailbox:
    """`ada@example.com` or `Ada <ada@example.com>`; those `known` are taken as they are. Raises `InvalidInput`."""
    if _CONTROL.search(text):
        raise InvalidInput(f"{field} must not contain line breaks or control characters.", field=field)
    named = _NAMED.fullmatch(text.strip())
    name = one_line(named["name"]).strip('" ').replace('\\"', '"') if named else ""
    if len(name) > MAX_NAME:
        raise InvalidInput(f"{field}: a name has at most {MAX_NAME} characters.", field=field)
    address = (named["address"] if named else text).strip()
    if address in known:
        return Mailbox(address, name)
    try:
        return Mailbox(email_key(address), name)
    except InvalidInput as error:
        reason = error.message.removeprefix("email: ")
        raise InvalidInput(f"{field}: {reason}", field=field, code="INVALID_EMAIL_ADDRESS") from None


def mailboxes(texts: Iterable[str], field: str, known: Collection[str] = ()) -> list[Mailbox]:
    """Each once. Raises `InvalidInput`."""
    found: dict[str, Mailbox] = {}
    for one in (mailbox(text, field, known) for text in texts):
        found.setdefault(one.address, one)
    return list(found.values())


def subject_line(text: str) -> str:
    """Raises `InvalidInput` for what is more than a line."""
    if _CONTROL.search(text):
        raise InvalidInput("subject must be one line, without control characters.", field="subject")
    if len(text.strip()) > MAX_SUBJECT:
        raise InvalidInput(f"subject has at most {MAX_SUBJECT} characters.", field="subject")
    return text.strip()


def reply_to(subject: str) -> str:
    """`Re: …`, however often it stood there."""
    return f"Re: {_REPLY.sub('', subject.strip(), count=1)}".strip()[:MAX_SUBJECT]


def message_id(text: str, field: str) -> str:
    """In angle brackets, whether they were given or not. Raises `InvalidInput`."""
    bare = text.strip().removeprefix("<").removesuffix(">")
    if not _MESSAGE_ID.fullmatch(bare):
        raise InvalidInput(f"{field} must be the id of a message, such as <abc@example.com>.", field=field)
    return f"<{bare}>"


def references(ids: Sequence[str]) -> list[str]:
    """Each once; of a long thread its beginning and the last ones (RFC 5322 §3.6.4)."""
    found = list(dict.fromkeys(ids))
    return found if len(found) <= MAX_REFERENCES else [found[0], *found[-MAX_REFERENCES + 1 :]]


def own_message_id(email_id: str, sender: str) -> str:
    """Of a mail that we write: nobody else makes ids at the domain of our address."""
    domain = re.sub(r"[^\w.-]", "", sender.rpartition("@")[2])
    return f"<{email_id}@{domain}>"
