"""Which alerts fit a question, and how many have the same values."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pydantic import JsonValue

from servers.errors import ToolError
from servers.kit.ecs import FIELDS
from servers.kit.tool import closest
from servers.siem.wazuh_alerts.alert import WazuhAlert
from servers.siem.wazuh_alerts.table import MORE


def check_names(names: Iterable[str], argument: str) -> None:
    """Raises: ToolError for a name that is no field: a mistyped filter must not look like nothing found."""
    for name in names:
        if name not in FIELDS and name not in MORE:
            close = closest(name, (*FIELDS, *MORE))
            hint = f"did you mean {close!r}?" if close else "fields are flat ECS names such as host.name or rule.id"
            raise ToolError("unknown_field", f"{argument}: there is no such field", hint)


def fits(alert: WazuhAlert, filters: Mapping[str, str], category: str | None) -> bool:
    """Whether an alert has all these values; `*` stands for anything."""
    wanted = filters if category is None else {**filters, "event.category": category}
    return all(any(_like(text, pattern) for text in texts(alert.fields.get(name))) for name, pattern in wanted.items())


def counted(alerts: Iterable[WazuhAlert], by: Sequence[str]) -> Sequence[tuple[dict[str, JsonValue], int]]:
    """Groups of alerts with the same values, the largest first; a field that lacks is null."""
    groups = Counter(tuple(_one(alert.fields.get(name)) for name in by) for alert in alerts)
    ordered = sorted(groups.items(), key=lambda group: (-group[1], [value or "" for value in group[0]]))
    return [(dict(zip(by, values, strict=True)), count) for values, count in ordered]


def texts(value: JsonValue) -> Sequence[str]:
    """The texts a value is compared as: one each for the members of a list."""
    if isinstance(value, list):
        return [str(each) for each in value]
    return () if value is None else (str(value),)


def _one(value: JsonValue) -> str | None:
    found = texts(value)
    return ", ".join(found) if found else None


def _like(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern, in time that grows with both alone."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *inner, last = rest
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    place, end = len(first), len(text) - len(last)
    for piece in inner:
        found = text.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True
