"""Words on their way into a ticket: whoever wrote them, they notify nobody, link nowhere and command nothing."""

import re
import unicodedata
from typing import Final

from servers.defang import defanged
from servers.kit.inert import inert, one_line
from servers.tickets.backend import BY_US

MOST_TITLE: Final = 150
MOST_TEXT: Final = 4_000
_MENTION: Final = re.compile(r"[@＠﹫](?=\w)")
_SIGNS: Final = str.maketrans({"<": "‹", ">": "›", "`": "'", "{": "(", "}": ")", "|": "¦"})
_COMMAND: Final = re.compile(r"^(\s*)([/!#])", re.MULTILINE)
"""What some systems obey at the start of a line, such as `/close`."""


def line(text: str) -> str:
    """A title: one harmless line, without brackets that could look like our marks."""
    return _quiet(one_line(text, MOST_TITLE)).replace("[mcpsoc", "(mcpsoc")


def words(text: str) -> str:
    """A text of several lines, harmless, signed by us."""
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return f"{_quiet(inert(plain)).strip()}\n\n{BY_US}"


def _quiet(text: str) -> str:
    """No markup, no link, no mention, no command."""
    plain = defanged(text.translate(_SIGNS)).replace("[~", "(~").replace("](", "] (").replace("![", "(")
    return _COMMAND.sub(r"\1. \2", _MENTION.sub("[at]", plain))
