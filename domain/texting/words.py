"""Words with which people say that they want no more messages, or that they do (CTIA Messaging Principles §5.1.3)."""

OUT = frozenset("stop stopall unsubscribe cancel end quit revoke optout".split())
IN = frozenset("start unstop yes optin".split())


def consent(body: str) -> bool | None:
    """False where the whole message is a word that stops, True where it is one that starts, None for all others."""
    word = body.strip().strip(".!").replace("-", "").replace(" ", "").lower()
    return False if word in OUT else True if word in IN else None
