"""Finding the one JSON object in what a model wrote: fences, a sentence before it, an object inside a string and a
thinking part are packaging and taken off; what is meant is never guessed."""

import json
import re
from collections.abc import Iterator
from typing import Final

from agent.brain.endpoint.reading import object_of
from agent.models import JsonObject

_THOUGHT: Final = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_FENCE: Final = re.compile(r"```[a-zA-Z]*\s*\n?(.*?)```", re.DOTALL)
_MOST_TRIES: Final = 20
_DECODER: Final = json.JSONDecoder()


def unpacked_object(text: str) -> JsonObject:
    """The object. Raises: ValueError, in words that a model can mend."""
    text = _THOUGHT.sub("", text, count=1).strip()
    if not text:
        raise ValueError("the answer is empty")
    if (found := _whole(text)) is not None:
        return found
    fenced = [item for item in map(object_of, _FENCE.findall(text)) if item is not None]
    objects = fenced or list(_objects(text))
    if not objects:
        raise ValueError("the answer is no JSON object")
    if any(item != objects[0] for item in objects):
        raise ValueError("the answer holds more than one JSON object")
    return objects[0]


def _whole(text: str) -> JsonObject | None:
    """The object that the text is, or that is written in the one string that it is; None where it is no JSON.

    Raises: ValueError for JSON that is something else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found = object_of(value if isinstance(value, str) else text)
    if found is None:
        raise ValueError("the answer is JSON, but no JSON object")
    return found


def _objects(text: str) -> Iterator[JsonObject]:
    """Every whole object that stands in the text by itself."""
    at, tries = text.find("{"), 0
    while at != -1 and tries < _MOST_TRIES:
        tries += 1
        try:
            _, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        if (found := object_of(text[at:end])) is not None:
            yield found
        at = text.find("{", end)
