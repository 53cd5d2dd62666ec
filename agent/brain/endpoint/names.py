"""Names that an endpoint elsewhere does not see: hosts and accounts leave as `HOST-A7`, and come back as themselves.

Names are learned from the fields that hold them, in the order in which they are shown. A name that stands only inside a
longer text is hidden too once it was learned. Addresses, domains and hashes are indicators and stay as they are.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue

from agent.models import Alert, Evidence

Kind: TypeAlias = Literal["HOST", "USER"]

_HOST_KEYS: Final = frozenset(
    {"host", "hostname", "host.name", "host.hostname", "device", "computer", "asset", "computername", "computer_name"}
    | {"devicename", "devicednsname", "machinename"}
)
_ACCOUNT_KEYS: Final = frozenset(
    {"user", "username", "account", "owner", "manager", "user.name", "user.target.name", "user.attempted_name"}
    | {"user.full_name", "user.email", "process.user", "email", "display_name", "full_name"}
    | {"srcuser", "dstuser", "accountname", "userprincipalname", "targetusername", "subjectusername"}
)
_CONTAINERS: Final[dict[str, Kind]] = {
    "asset": "HOST",
    "host": "HOST",
    "agent": "HOST",
    "device": "HOST",
    "account": "USER",
    "user": "USER",
    "members": "USER",
}
"""Objects whose `name` is one."""
_NOBODY: Final = frozenset({"", "-", "root", "system", "unknown", "admin", "administrator", "none", "localhost"})
_ALIAS: Final = re.compile(r"\b(?:HOST|USER)-[A-Z]\d+\b", re.IGNORECASE)
_SHORTEST: Final = 3
_TELLING: Final = re.compile(r"[\d._-]")
"""In a short form that is no everyday word: the `mail` of `mail.example` stays."""


class Names:
    """The names of one conversation. Aliases are numbered, so that they say nothing."""

    def __init__(self, *, hidden: bool) -> None:
        self.hidden = hidden
        self._alias: dict[str, str] = {}
        self._name: dict[str, str] = {}
        self._known: re.Pattern[str] | None = None

    def learn_named(self, kind: Kind, names: Iterable[str]) -> None:
        """Names that somebody says are names."""
        for name in names:
            for form in _forms(kind, name):
                self._learn(kind, form)

    def learn_alert(self, alert: Alert) -> None:
        """The names in an alert: in the fields that were made of it, and where it stands as it came."""
        for field in (*alert.fields, *alert.decoded):
            values = field.value if isinstance(field.value, tuple) else (field.value,)
            for kind, name in _named([value for value in values if isinstance(value, str)], field.name):
                self.learn_named(kind, (name,))
        for kind, name in _named(alert.raw, ""):
            self.learn_named(kind, (name,))

    def learn(self, evidence: Evidence) -> None:
        """The names in an answer and in what was asked for it."""
        for value in (evidence.arguments, evidence.data):
            for kind, name in _named(value, ""):
                self.learn_named(kind, (name,))

    def hide(self, text: str) -> str:
        """The text with every known name as its alias."""
        if not self._alias:
            return text
        if self._known is None:
            longest = sorted(self._alias, key=len, reverse=True)
            choices = "|".join(map(re.escape, longest))
            self._known = re.compile(rf"(?<![A-Za-z0-9_])(?:{choices})(?![A-Za-z0-9_])", re.IGNORECASE)
        return self._known.sub(lambda found: self._alias.get(found[0].casefold(), "HOST-A0"), text)

    def show(self, value: JsonValue) -> JsonValue:
        """What a model wrote, with the names put back."""
        if isinstance(value, str):
            return _ALIAS.sub(lambda found: self._name.get(found[0].upper(), found[0]), value)
        if isinstance(value, list):
            return [self.show(item) for item in value]
        if isinstance(value, dict):
            return {name: self.show(item) for name, item in value.items()}
        return value

    def _learn(self, kind: Kind, name: str) -> None:
        folded = name.casefold()
        if not self.hidden or len(name) < _SHORTEST or folded in _NOBODY or folded in self._alias:
            return
        alias = f"{kind}-A{len(self._alias) + 1}"
        self._alias[folded], self._name[alias] = alias, name
        self._known = None


def _forms(kind: Kind, name: str) -> Iterator[str]:
    """The name, and what others may call it by: without its domain. An address is no name."""
    try:
        ip_address(name)
    except ValueError:
        yield name
    else:
        return
    bare = name.rpartition("\\")[2].partition("@")[0] if kind == "USER" else name.partition(".")[0]
    if bare != name and _TELLING.search(bare):
        yield bare


def _named(value: JsonValue, key: str) -> Iterator[tuple[Kind, str]]:
    """Kind and name of everything under a key that holds names."""
    if isinstance(value, dict):
        for name, item in value.items():
            inside = _CONTAINERS.get(key.casefold()) if name == "name" else None
            if inside is not None and isinstance(item, str):
                yield inside, item
            yield from _named(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item, key)
    elif isinstance(value, str):
        if key.casefold() in _HOST_KEYS:
            yield "HOST", value
        elif key.casefold() in _ACCOUNT_KEYS:
            yield "USER", value
