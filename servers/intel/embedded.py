"""The intel server over the lab: its feeds, its addresses and the operator's registers."""

from ipaddress import ip_address
from typing import Literal

from servers.embedded import LabDoor, Name
from servers.intel.models import Known, Lookup, Network, Opinion
from servers.kit import NotFoundError, Reply
from servers.kit.envelope import iso
from servers.lab.queries import entities
from servers.lab.records import Intel as Row


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
        return Network.of(row)


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
