"""A hunt, and the alert that stands for it: a person's supposition, every field typed by that person."""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from pydantic import Field, ValidationError

from agent.models import Alert, AlertField, Model, Provenance, Rule, UtcTime, World
from agent.wording import Language

HUNT: Final = "hunt"
"""Class, playbook, product and rule of a hunt."""
MARK: Final = "hunt.hypothesis"
"""Field that only a hunt has, and only as the operator's own: no parser gives a field that class."""


class Hunt(Model):
    """What a person supposes, and what of it can be looked for."""

    hypothesis: str
    language: Language = "en"
    start: UtcTime
    end: UtcTime
    trails: tuple[str, ...] = ()
    """Ids of `trails.yaml` that the words chose."""
    hosts: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    """Hosts that something was done to from the others."""
    accounts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()
    """Where no host is named: hosts at which a sensor was found not to have looked all that time."""
    unread: tuple[str, ...] = Field(default=())
    """Words that nothing was made of, in the order in which they were said."""

    @property
    def length(self) -> timedelta:
        """How much time is looked at."""
        return self.end - self.start

    def slots(self) -> dict[str, tuple[str, ...]]:
        """Slot of the playbook to its values; slots without one are left out."""
        named = {
            "hunt.host": self.hosts,
            "hunt.target": self.targets,
            "hunt.place": self.targets or self.hosts,
            "hunt.account": self.accounts,
            "hunt.address": self.addresses,
            "hunt.domain": self.domains,
            "hunt.sha256": self.hashes,
            "hunt.blind": self.blind,
        }
        return {name: values for name, values in named.items() if values}


def alert_of(hunt: Hunt, world: World, asked_at: datetime) -> Alert:
    """The hunt as an alert. Asked again it is another one: `asked_at`, wall time, is part of its fingerprint."""
    told = hunt.model_dump(mode="json")
    named = (("host.name", hunt.hosts), ("user.name", hunt.accounts))
    fields = [AlertField(name=MARK, value=hunt.hypothesis, provenance=_T0, path="$.hunt.hypothesis")]
    for (name, values), place in zip(named, ("hosts", "accounts"), strict=True):
        if values:
            fields.append(AlertField(name=name, value=values[0], provenance=_T0, path=f"$.hunt.{place}[0]"))
    key = hashlib.sha256(f"{hunt.model_dump_json()} {asked_at.isoformat()}".encode()).hexdigest()
    return Alert(
        alert_id=f"hunt-{key[:12]}",
        format="generic",
        product=HUNT,
        title=f"Hunt: {hunt.hypothesis}",
        time=hunt.end,
        rule=Rule(id=HUNT, name=hunt.hypothesis),
        fields=tuple(fields),
        raw={HUNT: told},
        fingerprint=key,
        world=world,
        synthetic=world == "lab",
    )


_T0: Final = Provenance.OPERATOR


def is_hunt(alert: Alert) -> bool:
    """Whether a person raised it here: nothing that comes in from outside can say so."""
    mark = alert.field(MARK)
    return mark is not None and mark.provenance is Provenance.OPERATOR


def hunt_of(alert: Alert) -> Hunt | None:
    """The hunt that the alert stands for; None for any other alert."""
    if not is_hunt(alert):
        return None
    try:
        return Hunt.model_validate(alert.raw.get(HUNT))
    except ValidationError:
        return None
