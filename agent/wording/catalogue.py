"""The translations of the analyst's sentences: one YAML file per part of the product, English template to translation.

Slots such as `{value}` stay as they are; a template that nobody translated is said in English.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final, Literal, TypeAlias

import yaml

Language: TypeAlias = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
SLOT: Final = re.compile(r"\{([A-Za-z_]\w*)\}")

AT_LEAST: Final = "at least {value}"
"""What a number becomes that was counted in an answer cut short."""


def localised(template: str, language: Language) -> str:
    """The template in that language, its slots still to be filled."""
    if language == "en":
        return template
    known = translations(language)
    if template not in known and AT_LEAST in template:
        return known.get(template.replace(AT_LEAST, "{value}"), template).replace("{value}", known[AT_LEAST])
    return known.get(template, template)


@cache
def translations(language: Language) -> Mapping[str, str]:
    """Every translation there is into that language.

    Raises: ValueError when two files translate one template differently."""
    known: dict[str, str] = {}
    for name in parts(language):
        for template, text in translations_in(language, (name,)).items():
            if known.setdefault(template, text) != text:
                raise ValueError(f"agent/wording/{language}/{name}.yaml translates {template!r} a second time")
    return known


@cache
def translations_in(language: Language, names: tuple[str, ...]) -> Mapping[str, str]:
    """What those files translate; a file that is not there translates nothing."""
    folder = files("agent.wording") / language
    known: dict[str, str] = {}
    for name in names:
        if (file := folder / f"{name}.yaml").is_file():
            content = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader) or {}
            known.update((str(template), str(text)) for template, text in content.items())
    return known


def parts(language: Language) -> tuple[str, ...]:
    """Names of the files of a language: one per part of the product."""
    folder = files("agent.wording") / language
    return tuple(sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml")))
