"""Whether a text shows anything: names of invisible characters only look like none, or like another's."""

import unicodedata

# marks that join or space what is there, controls, what is not assigned or private (UAX #44, General_Category)
_UNSEEN = ("C", "Z", "M")
_FILLERS = "\u115f\u1160\u3164\uffa0\u2800"  # letters and a symbol that are drawn as nothing


def is_visible(text: str) -> bool:
    """Whether a reader sees at least one character of `text`."""
    return any(unicodedata.category(one)[0] not in _UNSEEN and one not in _FILLERS for one in text)
