"""Mail: by SMTP, else as files in a local outbox folder (and a line in the log without the text)."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import structlog

from core.errors import InvalidInput, Unavailable
from core.ids import Prefix, new_id
from core.settings import Settings

log = structlog.get_logger()
TIMEOUT_S = 10


class Mailer(Protocol):
    """Sends one plain-text mail; raises `Unavailable` when it cannot."""

    def send(self, to: str, subject: str, text: str) -> None: ...


def open_mailer(settings: Settings) -> Mailer:
    if settings.smtp_url is None:
        return FolderMailer(settings.data_dir / "outbox", settings.mail_from)
    return SmtpMailer(settings.smtp_url.get_secret_value(), settings.mail_from)


class FolderMailer:
    """Writes `.eml` files: an installation without SMTP can still sign people up."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder, self._sender = folder, sender

    def send(self, to: str, subject: str, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{new_id(Prefix.MESSAGE)}.eml"
        path.touch(mode=0o600)
        path.write_bytes(bytes(_message(self._sender, to, subject, text)))
        log.info("mail_in_outbox_folder", file=str(path))


class SmtpMailer:
    """smtp:// (STARTTLS where offered) or smtps://."""

    def __init__(self, url: str, sender: str) -> None:
        self._url, self._sender = urlsplit(url), sender
        if self._url.scheme not in ("smtp", "smtps") or not self._url.hostname:
            raise InvalidInput("INSYDR_SMTP_URL must be smtp://user:password@host:587.", code="INVALID_SETTING")

    def send(self, to: str, subject: str, text: str) -> None:
        try:
            with self._connect() as server:
                server.send_message(_message(self._sender, to, subject, text))
        except (OSError, smtplib.SMTPException) as error:
            log.error("mail_failed", reason=type(error).__name__)
            raise Unavailable("The mail could not be sent. Try again in a moment.", code="MAIL_UNAVAILABLE") from error

    def _connect(self) -> smtplib.SMTP:
        host, context = self._url.hostname or "", ssl.create_default_context()
        if self._url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, self._url.port or 465, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(host, self._url.port or 587, timeout=TIMEOUT_S)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
        if self._url.username:
            server.login(unquote(self._url.username), unquote(self._url.password or ""))
        return server


def _message(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="insydr.local")
    message.set_content(text)
    return message
