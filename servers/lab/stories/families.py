"""The table of story families, and how a story of a family and kind is set up."""

from dataclasses import dataclass

from servers.lab.casting import deal
from servers.lab.chance import Stream
from servers.lab.enterprise import Enterprise
from servers.lab.records import JsonObject, digest, encode, iso
from servers.lab.stories import (
    admin_share,
    cloud_key,
    dns_exfiltration,
    impossible_travel,
    malware_workstation,
    mass_download,
    password_spray,
    phishing_macro,
    ransomware_precursor,
    web_shell,
)
from servers.lab.stories.engine import KINDS, Kind
from servers.lab.stories.scene import FIRST_NOW, HOUR, MINUTE, Family, Plot, Scene

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        password_spray.FAMILY,
        phishing_macro.FAMILY,
        web_shell.FAMILY,
        malware_workstation.FAMILY,
        ransomware_precursor.FAMILY,
        dns_exfiltration.FAMILY,
        admin_share.FAMILY,
        impossible_travel.FAMILY,
        mass_download.FAMILY,
        cloud_key.FAMILY,
    )
}

EXPECTED: dict[Kind, tuple[str, ...]] = {
    "attack": ("true_positive",),
    "benign_twin": ("benign_true_positive", "false_positive"),
    "sensor_blind": ("needs_human", "not_evaluable"),
    "attack_killed_sensor": ("true_positive", "needs_human"),
    "attack_beside_authorised": ("true_positive", "needs_human"),
}
"""Dispositions that are right for each kind, the best first."""


@dataclass(frozen=True, slots=True)
class Story:
    """One story of a lab, ready to be played."""

    id: str
    family: Family
    kind: Kind
    alert_id: str
    alert_at: int
    plot: Plot

    def alert_document(self) -> JsonObject:
        """The alert as the product sends it."""
        return {
            "kibana.alert.uuid": self.alert_id,
            "@timestamp": iso(self.alert_at),
            "kibana.alert.rule.name": self.family.title,
            "kibana.alert.rule.uuid": digest("rule", self.family.name, size=16),
            "kibana.alert.severity": self.family.severity,
            "kibana.alert.rule.tags": list(self.family.tags),
            "threat.technique.id": list(self.family.techniques),
            "event.category": self.family.category,
            "event.source": self.family.sensor,
            **self.plot.alert,
            "mcpsoc.synthetic": True,
        }

    def truth(self) -> str:
        """The ground truth as JSON text; it never leaves the lab's own tables."""
        techniques = sorted({step.technique for step in self.plot.script.steps if step.technique})
        hostile = self.plot.script.hostile
        return encode(
            {
                "kind": self.kind,
                "expected": list(EXPECTED[self.kind]),
                "required": list(self.plot.required),
                "techniques": techniques if hostile else list(self.family.techniques),
                "indicators": [[need.kind, need.target] for need in self.plot.indicators] if hostile else [],
                "alert": self.alert_id,
            }
        )


def kind_of(name: str) -> Kind:
    """The kind of that name. Raises: ValueError for an unknown one."""
    for kind in KINDS:
        if kind == name:
            return kind
    raise ValueError(f"no kind of story is called {name!r}; there are {', '.join(KINDS)}")


def tell(enterprise: Enterprise, family_name: str, kind: Kind) -> Story:
    """The story of that family and kind in the lab of that seed. Raises: ValueError for an unknown family."""
    family = FAMILIES.get(family_name)
    if family is None:
        raise ValueError(f"no family of stories is called {family_name!r}; there are {', '.join(FAMILIES)}")
    slot = _slot(enterprise.seed, family_name, kind)
    rng = Stream(enterprise.seed, "story", family_name, slot)
    alert_at = FIRST_NOW - rng.randint(125 * MINUTE, 10 * HOUR)
    scene = Scene(
        enterprise=enterprise,
        family=family_name,
        kind=kind,
        slot=slot,
        cast=deal(enterprise.seed).casts[family_name, slot],
        rng=rng,
        alert_at=alert_at,
        killed_at=alert_at + rng.randint(62_000, 150_000),
        from_agent=family.sensor == "edr",
    )
    story_id = digest(enterprise.seed, "story id", family_name, slot, size=6)
    return Story(story_id, family, kind, _uuid(enterprise.seed, family_name, slot), alert_at, family.plot(scene))


def _slot(seed: int, family: str, kind: Kind) -> int:
    """Which of the family's casts plays the kind: shuffled, so that no cast always means the same."""
    slots = list(range(len(KINDS)))
    Stream(seed, "slots", family).shuffle(slots)
    return slots[KINDS.index(kind)]


def _uuid(seed: int, family: str, slot: int) -> str:
    text = digest(seed, "alert", family, slot, size=16)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
