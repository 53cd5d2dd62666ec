"""Reading answers of tools: rows and values, nothing where the answer has none."""

from collections.abc import Mapping

from pydantic import JsonValue

from agent.models import Evidence, JsonObject


def answered(evidence: Evidence) -> bool:
    """Whether the answer looked, and so may say something or nothing."""
    return evidence.status in ("success", "no_data", "stale")


def rows(evidence: Evidence, name: str) -> list[JsonObject]:
    """The objects in the list `name` of an answer."""
    return objects(evidence.data.get(name)) if isinstance(evidence.data, dict) else []


def objects(value: JsonValue) -> list[JsonObject]:
    """The objects among the items of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def inner(evidence: Evidence, name: str) -> JsonObject:
    """The object `name` of an answer; empty when it has none."""
    found = evidence.data.get(name) if isinstance(evidence.data, dict) else None
    return found if isinstance(found, dict) else {}


def text(row: Mapping[str, JsonValue], name: str) -> str | None:
    """A member as text; None when it is missing, null or no plain value."""
    value = row.get(name)
    return None if value is None or isinstance(value, dict | list) else str(value)


def texts(row: Mapping[str, JsonValue], name: str) -> list[str]:
    """The texts in a list."""
    value = row.get(name)
    return [str(item) for item in value if isinstance(item, str)] if isinstance(value, list) else []


def integer(row: Mapping[str, JsonValue], name: str) -> int:
    """A whole number; nought when it is missing."""
    value = row.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
