"""ATT&CK techniques by id or name: what each is called, which tactics it serves, and what replaced a revoked one.

Source: MITRE ATT&CK Enterprise v18.1 (https://attack.mitre.org), (c) The MITRE Corporation, reproduced and
distributed with the permission of The MITRE Corporation; `attack.json` holds only ids, names and tactics.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

_ID = re.compile(r"T\d{4}(?:\.\d{3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Technique:
    """One technique or sub-technique."""

    id: str
    name: str
    """As ATT&CK shows it: `Brute Force: Password Spraying` for a sub-technique."""
    tactics: tuple[str, ...]
    parent: str | None
    revoked_by: str | None = None
    """The technique that replaced it; name, tactics and parent are then those of the new one."""


class _Table(BaseModel):
    """The shipped table: per technique its name, then its tactics."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attack_version: str
    notice: str
    revoked: Mapping[str, str]
    techniques: Mapping[str, tuple[str, ...]]


def notice() -> str:
    """ATT&CK's copyright notice, to be shown where its names are."""
    return _table().notice


def find_technique(text: str) -> Technique | None:
    """The technique of this id or name, in any case; None for none, and for a name that several have."""
    asked = " ".join(text.split())
    if _ID.fullmatch(asked.upper()):
        return _by_id(asked.upper())
    fitting = _by_name().get(asked.casefold(), ())
    return _by_id(fitting[0]) if len(fitting) == 1 else None


def near(text: str, limit: int = 3) -> tuple[str, ...]:
    """What may have been meant: techniques of that name, or of one like it, as `T1110.003 Brute Force: ...`."""
    asked = " ".join(text.split())
    if _ID.fullmatch(asked.upper()):
        ids = difflib.get_close_matches(asked.upper(), _table().techniques, n=limit, cutoff=0.7)
    else:
        names = _by_name()
        alike = [asked.casefold()] if asked.casefold() in names else []
        alike += [name for name in names if asked.casefold() in name][:limit]
        alike += difflib.get_close_matches(asked.casefold(), names, n=limit, cutoff=0.6)
        ids = [technique for name in alike for technique in names[name]]
    return tuple(f"{technique} {_name(technique)}" for technique in list(dict.fromkeys(ids))[:limit])


def mentions(technique: Technique, text: str) -> bool:
    """Whether the text names the technique, its parent, or one below it."""
    family = (technique.revoked_by or technique.id).partition(".")[0]
    wanted = {technique.id, technique.revoked_by or technique.id, family}
    below = "." not in (technique.revoked_by or technique.id)
    found = set(_ID.findall(text))
    return bool(found & wanted) or (below and any(name.startswith(f"{family}.") for name in found))


def revoked_techniques() -> Mapping[str, str]:
    """Every revoked id with the one that replaced it, which may have been replaced in turn."""
    return _table().revoked


def current_techniques() -> tuple[Technique, ...]:
    """Every technique and sub-technique that is not revoked, in the order of their ids."""
    found = (_by_id(technique) for technique in sorted(_table().techniques))
    return tuple(technique for technique in found if technique is not None and technique.revoked_by is None)


def _by_id(asked: str) -> Technique | None:
    current = _successor(asked)
    if current not in _table().techniques:
        return None
    return Technique(
        id=asked,
        name=_name(current),
        tactics=_table().techniques[current][1:],
        parent=current.partition(".")[0] if "." in current else None,
        revoked_by=current if current != asked else None,
    )


def _successor(technique: str) -> str:
    revoked = _table().revoked
    for _ in range(len(revoked)):
        technique = revoked.get(technique, technique)
    return technique


def _name(technique: str) -> str:
    techniques, parent = _table().techniques, technique.partition(".")[0]
    own = techniques[technique][0]
    return own if parent == technique or parent not in techniques else f"{techniques[parent][0]}: {own}"


@cache
def _by_name() -> Mapping[str, tuple[str, ...]]:
    """Ids by name in small letters; a sub-technique under its own name and under its whole one."""
    found: dict[str, tuple[str, ...]] = {}
    for technique, (own, *_) in _table().techniques.items():
        for name in {own.casefold(), _name(technique).casefold()}:
            found[name] = (*found.get(name, ()), technique)
    return found


@cache
def _table() -> _Table:
    return _Table.model_validate_json((files("knowledge") / "attack.json").read_bytes())
