"""How intake reads real multi-alert incidents: `python -m evals.incidents --data DIR` prints one JSON object.

The alerts and incidents of ExCyTIn (Microsoft Defender and Sentinel): how many of the vendor's entities become
observables, how many of an incident's techniques its alerts bear, and how alerts are grouped against the vendor's own
incidents. The vendor's incident number stands in the alerts too; it is not used for grouping.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from agent.intake import observables, parse, same_incident
from agent.models import Alert, JsonObject

ENTITY_KEYS: Final = {"account": "Name", "host": "HostName", "ip": "Address", "url": "Url"}


def compare(data: Path) -> JsonObject:
    """The report: entities, techniques, grouping."""
    rows = list(_lines(data / "excytin" / "alerts.jsonl.gz"))
    incidents = list(_lines(data / "excytin" / "incidents.jsonl"))
    alerts = [parse(row, world="site", ordinal=number) for number, row in enumerate(rows, 1)]
    return {
        "alerts": len(alerts),
        "incidents": len(incidents),
        "entities": _entities(rows, alerts),
        "techniques": _techniques(incidents, alerts),
        "grouping": _grouping(incidents, alerts),
    }


def _entities(rows: Sequence[JsonObject], alerts: Sequence[Alert]) -> JsonObject:
    """Share of the vendor's entities, per type, that are observables of their alert."""
    named: dict[str, int] = dict.fromkeys((*ENTITY_KEYS, "sha256"), 0)
    found = dict(named)
    for row, alert in zip(rows, alerts, strict=True):
        known = {item.value.lower() for item in observables(alert)}
        for kind, value in _named_entities(row):
            named[kind] += 1
            found[kind] += value.lower() in known
    return {kind: {"named": total, "found": found[kind]} for kind, total in named.items()}


def _named_entities(row: JsonObject) -> set[tuple[str, str]]:
    entities = row.get("Entities")
    named: set[tuple[str, str]] = set()
    for entity in entities if isinstance(entities, list) else []:
        if not isinstance(entity, dict):
            continue
        kind = str(entity.get("Type"))
        value = entity.get(ENTITY_KEYS.get(kind, ""))
        if isinstance(value, str) and value:
            named.add((kind, value))
        image = entity.get("ImageFile")
        hashes = image.get("FileHashes") if isinstance(image, dict) else entity.get("FileHashes")
        named.update(("sha256", value) for value in _sha256_values(hashes))
    return named


def _sha256_values(hashes: JsonValue) -> Iterator[str]:
    for item in hashes if isinstance(hashes, list) else []:
        if isinstance(item, dict) and item.get("Algorithm") == "SHA256" and isinstance(item.get("Value"), str):
            yield str(item["Value"])


def _techniques(incidents: Sequence[JsonObject], alerts: Sequence[Alert]) -> JsonObject:
    """Of the techniques the vendor gives each incident, how many an alert of it bears (sub-techniques count)."""
    by_id = {alert.alert_id: alert for alert in alerts}
    named = found = 0
    for incident in incidents:
        more = incident.get("AdditionalData")
        wanted = {str(item) for item in _list(more.get("techniques") if isinstance(more, dict) else None)}
        borne = {
            technique.partition(".")[0]
            for alert_id in _list(incident.get("AlertIds"))
            if (alert := by_id.get(str(alert_id))) is not None
            for technique in alert.techniques
        }
        named += len(wanted)
        found += len({item for item in wanted if item.partition(".")[0] in borne})
    return {"named": named, "found": found}


def _grouping(incidents: Sequence[JsonObject], alerts: Sequence[Alert]) -> JsonObject:
    """Pairs of alerts in one group against pairs in one incident."""
    incident_of = {
        str(alert_id): number
        for number, incident in enumerate(incidents)
        for alert_id in _list(incident.get("AlertIds"))
    }
    groups = _groups(alerts)
    together = apart = missed = 0
    for one, other in combinations(range(len(alerts)), 2):
        is_one_incident = _same(incident_of, alerts[one], alerts[other])
        is_one_group = groups[one] == groups[other]
        together += is_one_group and is_one_incident
        apart += is_one_group and not is_one_incident
        missed += is_one_incident and not is_one_group
    return {
        "groups": len(set(groups)),
        "pairs_right": together,
        "pairs_wrongly_joined": apart,
        "pairs_missed": missed,
    }


def _same(incident_of: dict[str, int], one: Alert, other: Alert) -> bool:
    first = incident_of.get(one.alert_id)
    return first is not None and first == incident_of.get(other.alert_id)


def _groups(alerts: Sequence[Alert]) -> list[int]:
    """Group number per alert: what belongs together through any chain of ties."""
    groups = list(range(len(alerts)))
    for one, other in combinations(range(len(alerts)), 2):
        if groups[one] != groups[other] and same_incident(alerts[one], alerts[other]) is not None:
            kept, dropped = sorted((groups[one], groups[other]))
            groups = [kept if group == dropped else group for group in groups]
    return groups


def _list(value: JsonValue) -> Iterable[JsonValue]:
    return value if isinstance(value, list) else []


def _lines(path: Path) -> Iterator[JsonObject]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for line in content.decode("utf-8").splitlines():
        row = json.loads(line)
        if isinstance(row, dict):
            yield row


def main() -> int:
    """Print the report."""
    parser = argparse.ArgumentParser(description="Intake against real Defender and Sentinel incidents")
    parser.add_argument("--data", type=Path, required=True, help="folder with the public data sets")
    print(json.dumps(compare(parser.parse_args().data), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
