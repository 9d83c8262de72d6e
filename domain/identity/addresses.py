"""E-mail addresses, as accounts are known by them."""


def normal_email(email: str) -> str:
    return email.strip().lower()
