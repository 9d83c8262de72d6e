"""`insydr users create`: straight to the database, which works beside a running server too."""

from core.settings import load_settings
from insydr.output import emit
from insydr.parts import Installation


def run_create_user(email: str, password: str, full_name: str | None, *, as_json: bool) -> None:
    parts = Installation(load_settings())
    try:
        user, new = parts.identity.create_verified(email, password, full_name or email.split("@", maxsplit=1)[0])
    finally:
        parts.close()
    done = "created" if new else "has the new password"
    emit(
        {"id": user.id, "email": user.email, "full_name": user.full_name, "created": new},
        as_json=as_json,
        text=f"{user.email} {done} ({user.id}).",
    )
