"""The intel server: reads only. Unknown is not clean: an indicator no feed has seen is `no_data`."""

from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from servers.embedded import LabDoor, Name, lab_server
from servers.kit import T0, T1, NotFoundError, Output, Reply, SecurityServer
from servers.kit.conditions import EVERYTHING, Conditions
from servers.kit.envelope import iso
from servers.lab.queries import entities
from servers.lab.records import Intel as Row


class Opinion(Output):
    """What one feed says."""

    name: Annotated[str, T1]
    verdict: Annotated[str, T1]
    confidence: Annotated[int, T1]
    first_seen: Annotated[str, T1]
    last_seen: Annotated[str, T1]


class Network(Output):
    """Who an address belongs to."""

    meaning: Annotated[str, T1]
    """For instance hosting, residential, own_nat, vpn_egress, partner or scanner."""
    owner: Annotated[str, T1]
    country: Annotated[str, T1]
    asn: Annotated[int, T1]


class Lookup(Output):
    """One indicator over all feeds; `verdict` is that of the most confident one."""

    indicator: Annotated[str, T1]
    type: Annotated[str, T1]
    verdict: Annotated[Literal["malicious", "suspicious", "benign", "unknown"], T1]
    confidence: Annotated[int, T1]
    """0 to 100."""
    sources: list[Opinion]
    network: Network | None = None


class Known(Output):
    """Whether the operator registered a value as its own or as known-good."""

    known: Annotated[bool, T0]
    value: Annotated[str | None, T0] = None
    """The registered value that matched: a parent domain where a name below it was asked for."""
    registry: Annotated[str | None, T0] = Field(default=None, alias="register")
    registered_by: Annotated[str | None, T0] = None
    reason: Annotated[str | None, T0] = None


class Intel:
    """Tools over the feeds and registers of the lab."""

    def __init__(self, door: LabDoor) -> None:
        self._door = door

    def intel_lookup(self, indicator: Name) -> Reply[Lookup]:
        """What threat feeds say of an address, domain, URL or file hash; for an address also whose it is.

        no_data: no feed knows it, which does not mean clean."""
        rows = entities.lookup_intel(self._door.db, indicator)
        network = self._network(indicator)
        if not rows and network is None:
            raise NotFoundError("no feed knows this indicator", "unknown is not clean")
        if not rows:
            data = _unknown(str(ip_address(indicator)), network)
            return Reply(data, "no feed knows it; its network is known", empty=True)
        data = _lookup(rows, network)
        return Reply(data, f"{data.verdict} ({data.confidence}) by {len(rows)} feeds")

    def intel_check_known(self, value: Name) -> Reply[Known]:
        """Whether the operator registered a sha256, domain (or its parent) or address as own or known-good, and why."""
        found = entities.check_known(self._door.db, value)
        if found is None:
            return Reply(Known(known=False), "in no register")
        data = Known(
            known=True,
            value=found.value,
            register=found.register,
            registered_by=found.registered_by,
            reason=found.reason,
        )
        return Reply(data, f"registered in {found.register}")

    def _network(self, indicator: str) -> Network | None:
        row = entities.get_address(self._door.db, indicator)
        if row is None:
            return None
        return Network(meaning=row.meaning, owner=row.owner, country=row.country, asn=row.asn)


def build(door: LabDoor, settings: BaseModel | None = None, conditions: Conditions = EVERYTHING) -> SecurityServer:
    """Threat intelligence over this lab."""
    intel = Intel(door)
    return lab_server(
        "intel",
        door,
        reads=[intel.intel_lookup, intel.intel_check_known],
        settings=settings,
        conditions=conditions,
    )


def _lookup(rows: tuple[Row, ...], network: Network | None) -> Lookup:
    first = rows[0]
    verdicts: dict[str, Literal["malicious", "suspicious", "benign"]] = {
        "malicious": "malicious",
        "suspicious": "suspicious",
        "benign": "benign",
    }
    return Lookup(
        indicator=first.indicator,
        type=first.type,
        verdict=verdicts.get(first.verdict, "unknown"),
        confidence=first.confidence,
        sources=[_opinion(row) for row in rows],
        network=network,
    )


def _unknown(indicator: str, network: Network | None) -> Lookup:
    return Lookup(indicator=indicator, type="address", verdict="unknown", confidence=0, sources=[], network=network)


def _opinion(row: Row) -> Opinion:
    return Opinion(
        name=row.source,
        verdict=row.verdict,
        confidence=row.confidence,
        first_seen=iso(row.first_seen),
        last_seen=iso(row.last_seen),
    )
