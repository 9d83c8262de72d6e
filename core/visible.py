"""What a text shows: whether it shows anything, and the one line that a title or a name is.

Names of invisible characters only look like none, or like another's.
"""

import re
import unicodedata

# marks that join or space what is there, controls, what is not assigned or private (UAX #44, General_Category)
_UNSEEN = ("C", "Z", "M")
_FILLERS = "\u115f\u1160\u3164\uffa0\u2800"  # letters and a symbol that are drawn as nothing
# drawn as nothing wherever they stand: controls that are no white space, soft hyphens, zero widths, marks and overrides
# of direction, annotation marks, byte order marks and what is no character (UAX #44, Default_Ignorable_Code_Point)
_GONE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\U0001d173-\U0001d17a]"
)
# zero-width joiners are spelling in Persian, in Malayalam, in emoji; among Latin letters and at a beginning, nothing
_JOINERS = re.compile("([\u200c\u200d])[\u200c\u200d]+")
_JOINER = re.compile("(?<![^\x00-\x7f\\s])[\u200c\u200d](?![^\x00-\x7f\\s])|(?:^|(?<=\\s))[\u200c\u200d]")
# tags spell a flag's region behind a black flag (UTS #51, ED-14a), else nothing
_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f)|[\U000e0000-\U000e007f]+")


def is_visible(text: str) -> bool:
    """Whether a reader sees at least one character of `text`."""
    return any(unicodedata.category(one)[0] not in _UNSEEN and one not in _FILLERS for one in text)


def one_line(text: str) -> str:
    """`text` as a title or a name is shown: white space, line breaks too, is one space each, what is invisible goes."""
    if not text.isascii():
        text = _TAGS.sub(lambda found: found.group(1) or "", text)
    text = " ".join(_GONE.sub("", text).split())
    return text if text.isascii() else " ".join(_JOINER.sub("", _JOINERS.sub(r"\1", text)).split())
