"""Checks against a tool's JSON schemas, compiled once. Nothing is fetched, and no foreign pattern is ever run."""

import difflib
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable

from agent.errors import AnswerInvalidError
from agent.host.fits import quick
from agent.models import JsonObject

Check: TypeAlias = Callable[[JsonValue], str | None]
"""Says what is wrong with a value, quoting nothing of it but names of the schema; None when nothing is."""

_NAMED = frozenset({"properties", "$defs", "definitions", "dependentSchemas"})
_PATTERNS = frozenset({"pattern", "patternProperties", "propertyNames"})
_UNCHECKABLE = (RecursionError, Unresolvable, re.error, SchemaError)


def compiled(schema: Mapping[str, JsonValue], *, trusted: bool) -> Check:
    """The check of one schema. A foreign one is checked itself first and loses its patterns.

    Raises: AnswerInvalidError when the schema is not one."""
    kept = dict(schema) if trusted else _without_patterns(schema)
    kind = validator_for(kept, default=Draft202012Validator)
    if not trusted:
        _check_schema(kind, kept)
    validator, fits = kind(kept, registry=Registry()), quick(kept)

    def check(value: JsonValue) -> str | None:
        return None if fits is not None and fits(value) else _problem(validator, value)

    return check


def _check_schema(kind: type[Validator], schema: JsonObject) -> None:
    try:
        kind.check_schema(schema)
    except _UNCHECKABLE as error:
        raise AnswerInvalidError(f"its schema is not a JSON schema ({type(error).__name__})") from error


def _problem(validator: Validator, value: JsonValue) -> str | None:
    try:
        error = next(iter(validator.iter_errors(value)), None)
    except _UNCHECKABLE as fault:
        return f"cannot be checked: the schema leads nowhere ({type(fault).__name__})"
    return None if error is None else _explained(best_match([error]) or error)


def _explained(error: ValidationError) -> str:
    """Where and which rule, without the value: an outsider may have written it."""
    place = error.json_path[:120]
    properties = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    given = error.instance if isinstance(error.instance, Mapping) else {}
    if error.validator == "required":
        wanted = error.validator_value if isinstance(error.validator_value, list) else []
        missing = [name for name in wanted if name not in given]
        return f"{place}: {', '.join(map(repr, missing))} is missing"
    if error.validator == "additionalProperties":
        return f"{place}: {_unknown([str(name) for name in given if name not in properties], list(properties))}"
    if error.validator is None:
        return f"{place}: nothing is allowed below this"
    return f"{place}: breaks {error.validator} {str(error.validator_value)[:120]}"


def _unknown(names: list[str], known: list[str]) -> str:
    close = difflib.get_close_matches(names[0], known, n=1, cutoff=0.5) if names else []
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)[:200]}"
    return f"there is no {', '.join(repr(name[:40]) for name in names[:3])}; {hint}"


def _without_patterns(schema: Mapping[str, JsonValue]) -> JsonObject:
    kept: JsonObject = {}
    for word, value in schema.items():
        if word in _PATTERNS:
            continue
        if word in _NAMED and isinstance(value, dict):
            kept[word] = {name: _inner(item) for name, item in value.items()}
        else:
            kept[word] = value if word in ("enum", "const", "default", "examples") else _inner(value)
    return kept


def _inner(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return _without_patterns(value)
    return [_inner(item) for item in value] if isinstance(value, list) else value
