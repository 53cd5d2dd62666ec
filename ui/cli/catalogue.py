"""The words of the command line, in the language of the person who reads them.

Messages are written in English in the code, inside `t(...)`, and looked up in the compiled catalogues of `ui/locale`.
"""

import gettext
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LANGUAGES = ("en", "zh")
LOCALES = Path(__file__).parents[1] / "locale"
DOMAIN = "mcpsoc"
KEYWORDS = ("t", "_t", "UsageError", "CheckFailedError")
"""Calls whose first argument is a message."""
PARSER_MESSAGES = (
    "(deprecated) ",
    "Aborted!",
    "Aborted.",
    "Arguments",
    "Commands",
    "Error",
    "Missing command.",
    "Options",
    "Try [blue]'{command_path} {help_option}'[/] for help.",
    "[default: {}]",
    "[env var: {}]",
    "[required]",
)
"""Messages of the argument parser, which looks them up in our catalogue."""
NO_COMMAND = re.compile(r"No such command (?P<name>.+?)\.(?: Did you mean (?P<names>.+)\?)?", re.DOTALL)
EXTRA = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((?P<arguments>.*)\)", re.DOTALL)
VALUE_NEEDED = re.compile(r"requires (?:an argument|\d+ arguments)")
NO_VALUE_TAKEN = re.compile(r"does not take a value")
NO_CHOICE = re.compile(r"(?:Value error, )?(?P<value>.+) is not one of (?P<choices>.+?)\.?", re.DOTALL)
NO_FORMAT = re.compile(r"(?:Value error, )?(?P<value>.+) does not match the formats? (?P<formats>.+?)\.?", re.DOTALL)
"""What the argument parser says in English alone and tells by no attribute of its errors."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Messages of one language."""

    language: str
    translations: gettext.NullTranslations

    def __call__(self, message: str, /, **values: object) -> str:
        """`message` in this language, with `{name}` filled from `values`."""
        text = self.translations.gettext(message)
        return text.format(**values) if values else text


def spoken(t: Catalogue) -> Literal["en", "zh"]:
    """The language of the messages, as the analyst's words are asked for."""
    return "zh" if t.language == "zh" else "en"


def load(language: str) -> Catalogue:
    """The catalogue of one of LANGUAGES."""
    return Catalogue(language, gettext.translation(DOMAIN, LOCALES, languages=[language]))


def choose(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """The language that is asked for: `--lang`, then MCPSOC_LANG, then LC_ALL, LC_MESSAGES and LANG; English otherwise.

    A language nobody translated falls through to English here; a wrong `--lang` is refused when arguments are read."""
    asked = [_option(arguments), *(environment.get(name) for name in ("MCPSOC_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))]
    first = next((value for value in asked if value), "en")
    language = first.replace("-", "_").split("_")[0].split(".")[0].lower()
    return language if language in LANGUAGES else "en"


def without_language(arguments: Sequence[str]) -> list[str]:
    """The arguments without `--lang` and its value, wherever they stand; a language that does not exist stays in."""
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--lang" and (value := next(rest, None)) is not None:
            kept += [] if value in LANGUAGES else [argument, value]
        elif not (argument.startswith("--lang=") and argument.removeprefix("--lang=") in LANGUAGES):
            kept.append(argument)
    return kept


def _option(arguments: Sequence[str]) -> str | None:
    """Value of `--lang` among raw arguments: it is needed before the commands, whose help it translates, are built."""
    for place, argument in enumerate(arguments):
        if argument == "--lang" and place + 1 < len(arguments):
            return arguments[place + 1]
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
    return None
