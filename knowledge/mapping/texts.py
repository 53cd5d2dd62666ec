"""The texts of ATT&CK that the mapper learns from: what each technique is, and how it was used.

(c) The MITRE Corporation; nothing of them is kept in this package.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.attack import revoked_techniques

_CITATION = re.compile(r"\(Citation:[^)]*\)")
_ENTITY = re.compile(r"\[[^\]]*\]\(https://attack\.mitre\.org/(?:software|groups|campaigns)/[^)]*\)(?:'s)?")
_LINK = re.compile(r"\[([^\]]*)\]\([^)\s]*\)")
_TAG = re.compile(r"</?[a-z]+>", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class TechniqueText:
    """What ATT&CK says of a technique, without its links and citations."""

    id: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Example:
    """How somebody used a technique: one or two sentences."""

    text: str
    technique: str
    entity: str = ""
    """Id of the group, software or campaign that did."""


@dataclass(frozen=True, slots=True)
class AttackTexts:
    """All that the mapper learns from."""

    techniques: tuple[TechniqueText, ...]
    examples: tuple[Example, ...]
    revoked: Mapping[str, str]
    """Old id to the one that stands for it today."""

    def current(self, technique: str) -> str:
        """The id that stands for this one today."""
        return self.revoked.get(technique, technique)


def cleaned(
    techniques: Sequence[TechniqueText], examples: Sequence[Example], revoked: Mapping[str, str]
) -> AttackTexts:
    """Texts as ATT&CK has them, made fit to learn from."""
    now = _resolved({**revoked_techniques(), **revoked})
    current = _named([technique for technique in techniques if technique.id not in now])
    known = {technique.id for technique in current}
    dated = ((now.get(example.technique, example.technique), example) for example in examples)
    deeds = (Example(_deed(example.text), label, example.entity) for label, example in dated if label in known)
    return AttackTexts(current, tuple(deeds), now)


def plain(text: str) -> str:
    """Text without citations and tags; of a link its words stay."""
    return _SPACE.sub(" ", _TAG.sub(" ", _LINK.sub(r"\1", _CITATION.sub(" ", text)))).strip()


def _deed(text: str) -> str:
    """An example without the names of who did it: they say nothing of the technique."""
    return plain(_ENTITY.sub(" ", text))


def _named(rows: Sequence[TechniqueText]) -> tuple[TechniqueText, ...]:
    """Sub-techniques under their whole name."""
    names = {row.id: row.name for row in rows}
    parents = ((row, names.get(row.id.partition(".")[0])) for row in rows)
    return tuple(
        TechniqueText(
            row.id, row.name if parent in (None, row.name) else f"{parent}: {row.name}", plain(row.description)
        )
        for row, parent in parents
    )


def _resolved(revoked: Mapping[str, str]) -> Mapping[str, str]:
    """Every old id with the last one of its chain; a chain that bites its own tail ends where it began to."""
    resolved: dict[str, str] = {}
    for old in revoked:
        seen, now = {old}, revoked[old]
        while now in revoked and now not in seen:
            seen.add(now)
            now = revoked[now]
        resolved[old] = now
    return resolved
