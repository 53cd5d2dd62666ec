"""ATT&CK ids: revoked ones mapped to their successors, and the tactics a technique serves.

Source: MITRE ATT&CK Enterprise v18.1 (https://attack.mitre.org), (c) The MITRE Corporation, reproduced and
distributed with the permission of The MITRE Corporation; `attack.json` holds only ids and tactic names.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from pydantic import ConfigDict

from agent.models import Model

_ID = re.compile(r"T\d{4}(?:\.\d{3})?", re.ASCII)


class AttackTable(Model):
    """The shipped table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attack_version: str
    notice: str
    revoked: Mapping[str, str]
    tactics: Mapping[str, tuple[str, ...]]


@cache
def attack_table() -> AttackTable:
    """The table, read once."""
    return AttackTable.model_validate_json(files("agent.intake").joinpath("attack.json").read_bytes())


def current_techniques(ids: Iterable[str]) -> tuple[str, ...]:
    """Well-formed technique ids, each once, revoked ones followed to their successors. Anything else is left out."""
    found = (match for text in ids for match in _ID.findall(text.upper()))
    return tuple(dict.fromkeys(map(_successor, found)))


def tactics_of(technique: str) -> tuple[str, ...]:
    """Tactics of a technique, such as `credential-access`; those of its parent when only that is known."""
    tactics = attack_table().tactics
    return tactics.get(technique) or tactics.get(technique.partition(".")[0], ())


def _successor(technique: str) -> str:
    revoked = attack_table().revoked
    for _ in range(len(revoked)):
        if technique not in revoked:
            break
        technique = revoked[technique]
    return technique
