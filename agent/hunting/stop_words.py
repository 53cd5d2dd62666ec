"""Which words of a hypothesis say nothing: those that nobody is told about when nothing was made of them."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml
from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class StopWords:
    """`stop_words.yaml`."""

    empty: frozenset[str]
    chinese: re.Pattern[str]
    telling: frozenset[str]


@cache
def stop_words() -> StopWords:
    """The words, read once; of Chinese ones the longest is tried first."""
    text = (files("agent.hunting") / "stop_words.yaml").read_text("utf-8")
    told = TypeAdapter(dict[str, str]).validate_python(yaml.load(text, Loader=yaml.CSafeLoader))
    chinese = sorted(told["chinese"].split(), key=len, reverse=True)
    return StopWords(
        empty=frozenset(told["empty"].split()),
        chinese=re.compile("|".join(map(re.escape, chinese))),
        telling=frozenset(told["telling"].split()),
    )
