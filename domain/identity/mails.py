"""What owners of accounts are mailed."""

from dataclasses import dataclass

from core.clock import utc_now
from domain.identity.otp import LIFE_MINUTES
from domain.origin import Origin


@dataclass(frozen=True, slots=True)
class Mail:
    subject: str
    text: str


def reset(code: str) -> Mail:
    text = (
        f"Your Insydr code for a new password is {code}. It works for {LIFE_MINUTES} minutes.\n\n"
        "You did not ask for it? Ignore this mail: your password stays as it is.\n"
    )
    return Mail("Your Insydr code for a new password", text)


def new_address(code: str) -> Mail:
    text = (
        f"Your Insydr code is {code}. It works for {LIFE_MINUTES} minutes, and makes this the address "
        "of an account.\n\n"
        "You did not ask for that? Ignore this mail.\n"
    )
    return Mail("Your Insydr code for a new address", text)


def password_changed(origin: Origin) -> Mail:
    text = (
        f"The password of your Insydr account was changed at {_now()}{_where(origin)}. All other "
        "sessions have ended.\n\n"
        "It was not you? Choose a new password at once by “forgot password”.\n"
    )
    return Mail("Your Insydr password was changed", text)


def address_changed(new: str, origin: Origin) -> Mail:
    text = (
        f"Your Insydr account has the address {new} since {_now()}{_where(origin)}; mails go there from now on.\n\n"
        "It was not you? Somebody knows your password: tell whoever runs this service at once.\n"
    )
    return Mail("The address of your Insydr account was changed", text)


def _now() -> str:
    return f"{utc_now():%Y-%m-%d %H:%M} UTC"


def _where(origin: Origin) -> str:
    return f", from the address {origin.address}" if origin.address else ""
