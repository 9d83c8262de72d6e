"""Mails: their states, their headers, their HTML, and the files that they have attached."""

import io
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.blobs.folder import FolderBlobStore
from core.errors import InvalidInput, TooLarge, Unavailable
from core.ids import Prefix, new_id
from core.queue.outbox import OutboxRow
from domain.emails import headers
from domain.emails.attachments import MAX_BYTES, MOST, File, stored
from domain.emails.carrier import SandboxCarrier
from domain.emails.content import sanitised, text_of
from domain.emails.reports import apply_report
from domain.emails.sending import carriers, send_queued
from domain.emails.service import EmailService, Incoming, NewEmail
from domain.emails.states import MOVES
from domain.models import Email, EmailStatus, SandboxReport
from domain.principal import Permission, system
from domain.sandbox.player import play
from domain.upkeep.reconcile import Reconciler
from tests.support.bench import Bench
from tests.support.deletion import check_nothing_left, delete

S = EmailStatus
MAIL = NewEmail(to=["ada@example.com"], subject="Hello", body="See you.", script={"delay_s": 0})


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


def sent(bench: Bench, new: NewEmail = MAIL) -> str:
    with bench.database.write() as session:
        return EmailService(session, system(bench.who.workspace_id, Permission.EMAILS_WRITE)).send(new).id


def now(bench: Bench, email_id: str) -> Email:
    with bench.database.read() as session:
        return session.get_one(Email, email_id)


def report(bench: Bench, email_id: str, sequence: int, status: EmailStatus, error: str | None = None) -> Email:
    with bench.database.write() as session:
        apply_report(session, email_id, sequence, {"status": status.value, "error": error})
    return now(bench, email_id)


def planned(bench: Bench) -> list[tuple[int, str]]:
    with bench.database.read() as session:
        rows = session.query(SandboxReport).order_by(SandboxReport.sequence)
        return [(row.sequence, row.report["status"]) for row in rows]


class TestStates:
    def test_each_has_its_moves(self) -> None:
        assert MOVES.keys() == set(EmailStatus)
        ended = {status for status, after in MOVES.items() if not after}
        assert ended == {S.DELIVERED, S.BOUNCED, S.FAILED, S.RECEIVED}

    def test_in_order(self, bench: Bench) -> None:
        email_id = sent(bench)
        assert (row := report(bench, email_id, 1, S.SENT)).status == S.SENT
        assert row.sent_at is not None
        row = report(bench, email_id, 2, S.BOUNCED, "No such mailbox.")
        assert (row.status, row.error, row.sequence) == (S.BOUNCED, "No such mailbox.", 2)

    @pytest.mark.parametrize(("sequence", "status"), [(1, S.DELIVERED), (0, S.DELIVERED), (2, S.SENT), (2, S.QUEUED)])
    def test_what_is_late_or_cannot_follow_changes_nothing(
        self, bench: Bench, sequence: int, status: EmailStatus
    ) -> None:  # fmt: skip
        email_id = sent(bench)
        before = report(bench, email_id, 1, S.SENT)
        after = report(bench, email_id, sequence, status)
        assert (after.status, after.sequence, after.updated_at) == (S.SENT, 1, before.updated_at)

    def test_a_report_may_overtake_the_one_before_it(self, bench: Bench) -> None:
        email_id = sent(bench)
        assert report(bench, email_id, 2, S.DELIVERED).sent_at is not None
        assert report(bench, email_id, 1, S.SENT).status == S.DELIVERED

    def test_of_a_mail_that_is_gone(self, bench: Bench) -> None:
        with bench.database.write() as session:
            apply_report(session, "eml_gone", 1, {"status": "sent"})

    def test_a_draft_is_not_delivered(self, bench: Bench) -> None:
        email_id = sent(bench, NewEmail(to=["a@example.com"], subject="x", body="x", status=S.DRAFT))
        assert report(bench, email_id, 1, S.DELIVERED).status == S.DRAFT
        send_queued(bench.database, email_id)
        assert planned(bench) == []


class TestSending:
    def test_twice_is_once(self, bench: Bench) -> None:
        email_id = sent(bench)
        with bench.database.read() as session:
            jobs = session.query(OutboxRow).filter(OutboxRow.job == "emails.send").all()
            assert [row.arguments for row in jobs] == [{"email_id": email_id}]
        for _ in range(2):
            send_queued(bench.database, email_id)
            assert planned(bench) == [(1, "sent"), (2, "delivered")]
        assert play(bench.database) == 2
        assert (now(bench, email_id).status, now(bench, email_id).sequence) == (S.DELIVERED, 2)
        send_queued(bench.database, email_id)
        assert planned(bench) == []

    def test_handed_over_again_after_it_was_played(self, bench: Bench) -> None:
        email_id = sent(bench)
        row = now(bench, email_id)
        carrier = SandboxCarrier(bench.database)
        carrier.send(row)
        play(bench.database)
        before = now(bench, email_id)
        carrier.send(row)
        play(bench.database)
        assert now(bench, email_id).updated_at == before.updated_at

    @pytest.mark.parametrize(
        ("outcome", "wanted"),
        [("delivered", [(1, "sent"), (2, "delivered")]), ("bounced", [(1, "sent"), (2, "bounced")]),
         ("failed", [(1, "failed")])],
    )  # fmt: skip
    def test_outcomes(self, bench: Bench, outcome: str, wanted: list[tuple[int, str]]) -> None:
        new = NewEmail(to=["a@example.com"], subject="x", body="x", script={"outcome": outcome, "delay_s": 600})
        send_queued(bench.database, sent(bench, new))
        assert planned(bench) == wanted
        assert play(bench.database) == 0  # nothing is due yet

    def test_every_provider_has_its_carrier(self, bench: Bench) -> None:
        assert now(bench, sent(bench)).provider in carriers(bench.database)


class TestHeaders:
    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ("Ada@Example.COM", "ada@example.com"), (" Ada <ada@example.com> ", "Ada <ada@example.com>"),
            ('"Lovelace, Ada" <ada@example.com>', '"Lovelace, Ada" <ada@example.com>'),
            ("<a@example.com>", "a@example.com"),
            ("Jörg Äß <jörg@bücher.example.com>", "Jörg Äß <jörg@xn--bcher-kva.example.com>"),
        ],
    )  # fmt: skip
    def test_addresses(self, given: str, shown: str) -> None:
        assert str(headers.mailbox(given, "to")) == shown
        assert str(headers.mailbox(shown, "to")) == shown

    @given(st.text(max_size=30), st.sampled_from(["{} <ada@example.com>", "ada@example.com{}", "{}ada@example.com"]))
    def test_whatever_is_taken_is_one_line(self, text: str, around: str) -> None:
        try:
            shown = str(headers.mailbox(around.format(text), "to"))
        except InvalidInput:
            return
        assert len(shown.splitlines()) == 1
        assert shown.count("<") <= 1 + text.count("<")

    @pytest.mark.parametrize(
        ("given", "reply"),
        [("Ten?", "Re: Ten?"), ("Re: Ten?", "Re: Ten?"), ("RE: re:Ten?", "Re: Ten?"), ("", "Re:"),
         ("Regarding ten", "Re: Regarding ten")],
    )  # fmt: skip
    def test_one_re(self, given: str, reply: str) -> None:
        assert headers.reply_to(given) == reply
        assert len(headers.reply_to("x" * 998)) == 998

    def test_references_of_a_long_thread(self) -> None:
        ids = [f"<{n}@x>" for n in range(80)]
        kept = headers.references([*ids, ids[-1]])
        assert (len(kept), kept[0], kept[-1]) == (50, ids[0], ids[-1])

    def test_a_domain_that_is_none(self) -> None:
        assert headers.own_message_id("eml_1", "x@a.b>\r\nX: y") == "<eml_1@a.bXy>"


class TestContent:
    @pytest.mark.parametrize(
        ("html", "text"),
        [
            ("<p>One</p><p>Two</p>", "One\n\nTwo"), ("<div>One</div><div>Two</div>", "One\nTwo"),
            ("One<br>Two<br><br>Three", "One\nTwo\n\nThree"), ("<ul><li>a</li><li> b </li></ul>", "- a\n- b"),
            ("<p>Hello\n  <b>you</b> there</p>", "Hello you there"), ("a &lt;b&gt; &amp; c", "a <b> & c"),
            ("<a href='https://x.example/'>https://x.example</a>", "https://x.example"),
            ("<a href='mailto:a@x.example'>Write</a>", "Write <a@x.example>"),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
            ("<pre>a\n  b</pre>", "a\n  b"), ("<img src='https://x.example/a.png' alt='Logo'>", "Logo"),
            ("<html><head><title>T</title><style>x</style></head><body>Hi</body></html>", "Hi"),
            ("", ""), ("<!-- -->", ""), ("<?xml version='1.0' encoding='latin-1'?><p>Grüße ✓</p>", "Grüße ✓"),
            ("<meta charset='latin-1'><p>Grüße</p>", "Grüße"), ("Grüße &amp; 🦊", "Grüße & 🦊"),
        ],
    )  # fmt: skip
    def test_the_text_of_it(self, html: str, text: str) -> None:
        assert text_of(sanitised(html)) == text

    @pytest.mark.parametrize("html", ["<div>" * 90_000, "<div><!--</div>-->" * 20_000, "<div><span>" * 40_000])
    def test_too_deep(self, html: str) -> None:
        with pytest.raises(InvalidInput, match="deep"):
            sanitised(html)

    @pytest.mark.parametrize(
        "html",
        ["".join(f"<b id={n}>" for n in range(200)) + "<p></p>" * 5_000, "<b><p>" * 12_000, "<" * 100_000,
         "<div " + "a=1 " * 25_000 + ">x", "<p>" * 25_000, "&" * 100_000],
    )  # fmt: skip
    @pytest.mark.timeout(30)
    def test_nothing_takes_long(self, html: str) -> None:
        with suppress(InvalidInput):
            text_of(sanitised(html))

    @given(st.text(alphabet="<>/ab=\"'& !-?\n\x01ü", max_size=200) | st.text(max_size=100))
    def test_it_stays_as_it_is_when_it_is_clean(self, html: str) -> None:
        clean = sanitised(html)
        assert sanitised(clean) == sanitised(sanitised(clean))
        text_of(clean)


class Full(FolderBlobStore):
    """Has room for one file."""

    def put(self, key: str, source: BinaryIO) -> int:
        if list(self.keys()):
            raise Unavailable("Full.")
        return super().put(key, source)


class TestFiles:
    def write(self, bench: Bench, files: list[File]) -> str:
        with stored(bench.database, bench.blobs, bench.who, files) as attached:
            return sent(bench, NewEmail(to=["a@example.com"], subject="x", body="x", attachments=attached))

    def test_the_reconciler_knows_them(self, bench: Bench) -> None:
        email_id = self.write(bench, [File("a.txt", "text/plain", b"abc"), File("b.txt", "text/plain", b"")])
        names = [f"{bench.who.workspace_id}/{one['id']}" for one in now(bench, email_id).attachments]
        assert bench.reconciler.run(bench.who.workspace_id).found == {}
        assert sorted(bench.blobs.keys()) == sorted(names)
        bench.blobs.delete(names[0])
        found = bench.reconciler.run(bench.who.workspace_id)
        assert (found.found, found.examples) == ({"missing_attachments": 1}, {"missing_attachments": [email_id]})

    def test_one_that_no_mail_names_goes_after_a_time_of_grace(self, bench: Bench) -> None:
        key = f"{bench.who.workspace_id}/{new_id(Prefix.ATTACHMENT)}"
        bench.blobs.put(key, io.BytesIO(b"its server died before the mail was written"))
        patient = Reconciler(bench.database, bench.vectors, bench.blobs, grace=timedelta(minutes=5))
        assert patient.run(bench.who.workspace_id).found == {}
        assert bench.reconciler.run(bench.who.workspace_id).found == {"orphan_blobs": 1}
        assert list(bench.blobs.keys()) == []

    def test_they_go_with_the_workspace(self, bench: Bench) -> None:
        self.write(bench, [File("a.txt", "text/plain", b"abc")])
        delete(bench, "workspace", "")
        bench.upkeep()
        check_nothing_left(bench, "workspace")

    def test_nothing_stays_of_what_went_wrong(self, bench: Bench) -> None:
        file = File("a.txt", "text/plain", b"abc")
        with pytest.raises(InvalidInput), stored(bench.database, bench.blobs, bench.who, [file]) as attached:
            sent(bench, NewEmail(to=["nobody"], subject="x", body="x", attachments=attached))
        with pytest.raises(KeyboardInterrupt), stored(bench.database, bench.blobs, bench.who, [file]):
            raise KeyboardInterrupt
        with (
            pytest.raises(InvalidInput),
            stored(bench.database, bench.blobs, bench.who, [file, File("..", "x/y", b"")]),
        ):
            pass
        assert list(bench.blobs.keys()) == []

    def test_what_was_kept_stays_though_it_looks_as_if_it_went_wrong(self, bench: Bench) -> None:
        file = File("a.txt", "text/plain", b"abc")

        def send() -> None:
            with stored(bench.database, bench.blobs, bench.who, [file]) as attached:
                sent(bench, NewEmail(to=["a@example.com"], subject="x", body="x", attachments=attached))
                raise Unavailable("The answer of the commit was lost.")

        with pytest.raises(Unavailable):
            send()
        assert len(list(bench.blobs.keys())) == 1

    def test_a_full_disk(self, bench: Bench, tmp_path: Path) -> None:
        full, file = Full(tmp_path / "full"), File("a.txt", "text/plain", b"abc")
        with pytest.raises(Unavailable), stored(bench.database, full, bench.who, [file, file]):
            pass
        assert list(full.keys()) == []

    def test_the_files_of_one_that_is_here_already_go(self, bench: Bench) -> None:
        def come() -> Email:
            file = File("a.txt", "text/plain", b"abc")
            with stored(bench.database, bench.blobs, bench.who, [file]) as attached, bench.database.write() as session:
                new = Incoming("ada@example.com", body="x", message_id="<a@b>", attachments=attached)
                return EmailService(session, bench.who).receive(new)[0]

        assert come().id == come().id
        assert len(list(bench.blobs.keys())) == 1

    def test_limits(self, bench: Bench) -> None:
        for files, error in (
            ([File("a", "x/y", b"")] * (MOST + 1), InvalidInput),
            ([File("a", "x/y", b"x" * MAX_BYTES), File("b", "x/y", b"x")], TooLarge),
        ):
            with pytest.raises(error), stored(bench.database, bench.blobs, bench.who, files):
                pass
        assert list(bench.blobs.keys()) == []
