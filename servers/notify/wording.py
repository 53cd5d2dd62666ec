"""A template filled in: what was written outside stays readable and does nothing in any program that shows it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from servers.defang import defanged
from servers.errors import ToolError
from servers.kit.inert import one_line
from servers.notify.templates import FOOTER, TEMPLATES, Language, TemplateName

_MENTION = re.compile(r"(?<![\w.])[@＠﹫](?=\w)")
_PLACE = re.compile(r"\{([a-z]+)\}")
MOST_SUBJECT = 150
MOST_FIELD = 1_000


@dataclass(frozen=True, slots=True)
class Wording:
    """One message, ready to be sent."""

    subject: str
    """One line."""
    body: str


def worded(template: TemplateName, language: Language, fields: Mapping[str, str]) -> Wording:
    """The message a template and its fields make.

    Raises: ToolError for a field that is missing or that the template does not have."""
    found = TEMPLATES[template]
    if set(fields) != set(found.fields):
        names = ", ".join(found.fields)
        raise ToolError(
            "invalid_argument", f"template {template} takes exactly the fields {names}", "give each as text"
        )
    quiet = {name: harmless(value) for name, value in fields.items()}
    subject = one_line(_filled(found.subject[language], quiet), MOST_SUBJECT)
    return Wording(subject, f"{_filled(found.body[language], quiet)}\n\n{FOOTER[language]}")


def harmless(text: str) -> str:
    """One line without links, mentions, markup or control characters."""
    line = one_line(text, MOST_FIELD)
    plain = line.translate({ord("<"): "‹", ord(">"): "›", ord("`"): "'"})
    return _MENTION.sub("[at]", defanged(plain))


def _filled(text: str, fields: Mapping[str, str]) -> str:
    """Fields put in once: braces inside a field's text are text."""
    return _PLACE.sub(lambda match: fields[match.group(1)], text)
