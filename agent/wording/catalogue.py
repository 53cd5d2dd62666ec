"""The translations of the analyst's sentences: one YAML file per part of the product, English template to translation.

Slots such as `{value}` stay as they are; a template that nobody translated is said in English.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final, Literal, TypeAlias

import yaml

Language: TypeAlias = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")


def localised(template: str, language: Language) -> str:
    """The template in that language, its slots still to be filled."""
    return template if language == "en" else translations(language).get(template, template)


@cache
def translations(language: Language) -> Mapping[str, str]:
    """Every translation there is into that language.

    Raises: ValueError when two files translate one template differently."""
    folder = files("agent.wording") / language
    known: dict[str, str] = {}
    for name in sorted(item.name for item in folder.iterdir() if item.name.endswith(".yaml")):
        content = yaml.load((folder / name).read_text("utf-8"), Loader=yaml.CSafeLoader) or {}
        for template, text in content.items():
            if known.setdefault(str(template), str(text)) != str(text):
                raise ValueError(f"agent/wording/{language}/{name} translates {template!r} a second time")
    return known
