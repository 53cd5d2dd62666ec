"""Names that an endpoint elsewhere does not see: hosts and accounts leave as `HOST-A7`, and come back as themselves.

Names are learned from the fields that hold them and from the question. A name that stands only inside a longer text
is hidden too once it was learned. Addresses, domains and hashes are indicators and stay as they are.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from pydantic import JsonValue

from agent.conversation.protocol import Understood
from agent.models import Evidence

_HOST_KEYS: Final = frozenset({"host", "hostname", "host.name", "host.hostname", "device", "computer", "asset"})
_ACCOUNT_KEYS: Final = frozenset(
    {"user", "username", "account", "owner", "manager", "user.name", "user.target.name", "user.attempted_name"}
    | {"user.full_name", "user.email", "process.user", "email", "display_name", "full_name"}
)
_CONTAINERS: Final = {"asset": "HOST", "host": "HOST", "account": "USER", "user": "USER", "members": "USER"}
"""Objects whose `name` is one."""
_NOBODY: Final = frozenset({"", "-", "root", "system", "unknown", "admin", "administrator", "none", "localhost"})
_ALIAS: Final = re.compile(r"\b(?:HOST|USER)-[A-Z]\d+\b", re.IGNORECASE)
_SHORTEST: Final = 3


class Names:
    """The names of one conversation. Aliases are numbered, so that they say nothing."""

    def __init__(self, *, hidden: bool) -> None:
        self.hidden = hidden
        self._alias: dict[str, str] = {}
        self._name: dict[str, str] = {}
        self._known: re.Pattern[str] | None = None

    def learn_question(self, asked: Understood) -> None:
        """The hosts and accounts that the question names."""
        for entity in asked.entities:
            if entity.type in ("host", "account"):
                self._learn("HOST" if entity.type == "host" else "USER", (entity.value, entity.said))

    def learn(self, evidence: Evidence) -> None:
        """The names in an answer and in what was asked for it."""
        for value in (evidence.arguments, evidence.data):
            for kind, name in _named(value, ""):
                self._learn(kind, (name,))

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

    def _learn(self, kind: str, names: Iterable[str]) -> None:
        for name in names:
            folded = name.casefold()
            if not self.hidden or len(name) < _SHORTEST or folded in _NOBODY or folded in self._alias:
                continue
            alias = f"{kind}-A{len(self._alias) + 1}"
            self._alias[folded], self._name[alias] = alias, name
            self._known = None


def _named(value: JsonValue, key: str) -> Iterator[tuple[str, str]]:
    """Kind and name of everything under a key that holds names."""
    if isinstance(value, dict):
        for name, item in value.items():
            inside = _CONTAINERS.get(key) if name == "name" else None
            if inside is not None and isinstance(item, str):
                yield inside, item
            yield from _named(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item, key)
    elif isinstance(value, str):
        if key in _HOST_KEYS:
            yield "HOST", value
        elif key in _ACCOUNT_KEYS:
            yield "USER", value
