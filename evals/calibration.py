"""How well the likelihood tells attacks from ordinary events it was not written for: one source left out at a time.

`python -m evals.calibration --data DIR` prints one JSON object. Events without an alert around them are wrapped as
Wazuh would wrap them, all the same way and with no technique, so only what the event says can tell them apart. For
each attack source: the area under the curve of the shipped weights against ordinary events, and of the same groups
rescaled by a logistic regression that saw the other sources and one half of the ordinary events, measured on the
other half.

Source: SigmaHQ regression cases, OTRF Security-Datasets, ExCyTIn alerts; ordinary events from omerbenamram/evtx
samples.
"""

import argparse
import gzip
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from agent.intake import IntakeError, parse
from agent.likelihood import likelihood, weigh
from agent.models import Alert, Contribution, JsonObject
from evals.statistics import auc

GROUPS: Final = ("rule", "process_intent", "lineage", "authentication", "network", "file")
ORDINARY: Final = "benign_windows"
NOT_ORDINARY: Final = frozenset({"new-user-security.evtx", "Security_short_selected.evtx"})
"""Files of the ordinary set whose publisher does not call them background."""

TELLING: Final = frozenset({"1", "8", "10", "11", "12", "13", "4688", "4104", "4697", "7045", "1102"})
"""Event codes that carry something to judge; the others are the noise every recording holds."""


FIT_STEPS: Final = 2_000
FIT_RATE: Final = 0.5
FIT_PULL: Final = 0.01
Matrix: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weighed:
    """One event with what the likelihood says of it."""

    source: str
    origin: str
    """File or rule it came from."""
    telling: bool
    contributions: tuple[Contribution, ...]

    @property
    def score(self) -> float:
        """The shipped likelihood."""
        return likelihood(self.contributions)

    @property
    def groups(self) -> list[float]:
        """Weight per group, in the order of `GROUPS`."""
        weights = {item.group: item.weight for item in self.contributions}
        return [weights.get(name, 0.0) for name in GROUPS]


def calibrate(data: Path) -> JsonObject:
    """The report over all sources under `data`."""
    events = list(weigh_all(data))
    ordinary = [event for event in events if event.source == ORDINARY]
    sources = sorted({event.source for event in events} - {ORDINARY})
    report: JsonObject = {"ordinary": _counts(ordinary)}
    for source in sources:
        attacks = [event for event in events if event.source == source]
        others = [event for event in events if event.source not in {source, ORDINARY}]
        report[source] = {
            **_counts(attacks),
            **_against(attacks, ordinary),
            "auc_refitted": _refitted(attacks, others, ordinary),
        }
    return report


def weigh_all(data: Path) -> Iterator[Weighed]:
    """Every event of every source, weighed; what has no time is no event."""
    for source, origin, raw in _raw_alerts(data):
        try:
            alert = parse(raw, world="site", ordinal=1)
        except IntakeError:
            continue
        yield Weighed(source, origin, _is_telling(alert), weigh(alert))


def _is_telling(alert: Alert) -> bool:
    return alert.format != "wazuh" or alert.text("event.code") in TELLING


def _counts(events: Sequence[Weighed]) -> JsonObject:
    telling = _telling(events)
    return {
        "events": len(events),
        "telling": len(telling),
        "above_half": _share(event.score > 0.5 for event in telling),
        "origins": len({event.origin for event in events}),
        "origins_with_one_above_three_quarters": len({event.origin for event in telling if event.score > 0.75}),
    }


def _against(attacks: Sequence[Weighed], ordinary: Sequence[Weighed]) -> JsonObject:
    """AUC of every telling event, and of the strongest per file or rule, against ordinary events."""
    quiet = [event.score for event in _telling(ordinary)]
    return {
        "auc": _area([event.score for event in _telling(attacks)], quiet),
        "auc_strongest_per_origin": _area([event.score for event in _strongest(attacks)], quiet),
    }


def _refitted(attacks: Sequence[Weighed], others: Sequence[Weighed], ordinary: Sequence[Weighed]) -> float | None:
    """AUC on the source left out, after the groups were rescaled on the strongest events of the others."""
    quiet, seen, held = _telling(ordinary), _strongest(others), _strongest(attacks)
    if not seen or not held or len(quiet) < 2:
        return None
    features = np.array([event.groups for event in (*seen, *quiet[::2])])
    labels = np.array([1.0] * len(seen) + [0.0] * len(quiet[::2]))
    scales = _fitted(features, labels)
    scores = [float(np.dot(event.groups, scales)) for event in (*held, *quiet[1::2])]
    return _area(scores[: len(held)], scores[len(held) :])


def _fitted(features: Matrix, labels: Matrix) -> Matrix:
    """Scale per group by logistic regression, both classes weighed alike, pulled gently towards 1."""
    share = labels.mean()
    balance = np.where(labels == 1, 0.5 / share, 0.5 / (1 - share))
    scales = np.ones(features.shape[1])
    for _ in range(FIT_STEPS):
        predicted = 1 / (1 + np.exp(-features @ scales))
        slope = features.T @ (balance * (predicted - labels)) / len(labels)
        scales = scales - FIT_RATE * (slope + FIT_PULL * (scales - 1))
    return scales


def _telling(events: Sequence[Weighed]) -> list[Weighed]:
    return [event for event in events if event.telling]


def _strongest(events: Sequence[Weighed]) -> list[Weighed]:
    """The strongest event of each origin: a recording of an attack is mostly noise around a few telling events."""
    best: dict[str, Weighed] = {}
    for event in _telling(events):
        if event.origin not in best or event.score > best[event.origin].score:
            best[event.origin] = event
    return list(best.values())


def _area(attacks: Sequence[float], ordinary: Sequence[float]) -> float | None:
    area = auc([True] * len(attacks) + [False] * len(ordinary), [*attacks, *ordinary])
    return None if area is None else round(area, 3)


def _share(values: Iterable[bool]) -> float | None:
    counted = list(values)
    return round(sum(counted) / len(counted), 3) if counted else None


def _raw_alerts(data: Path) -> Iterator[tuple[str, str, JsonObject]]:
    for row in _lines(data / "sigma_cases" / "cases.jsonl"):
        for event in _objects(row.get("events")):
            yield "sigma_cases", str(row.get("rule_id")), from_evtx(event)
    for path in sorted((data / "otrf_mordor").glob("*.jsonl.gz")):
        for row in _lines(path):
            if "EventID" in row:
                yield "otrf_mordor", path.name, from_flat(row)
    for row in _lines(data / "excytin" / "alerts.jsonl.gz"):
        yield "excytin", str(row.get("SystemAlertId")), row
    for row in _lines(data / "benign_windows" / "events.jsonl.gz"):
        if row.get("_file") not in NOT_ORDINARY:
            yield ORDINARY, str(row.get("_file")), from_evtx(row)


def from_evtx(row: JsonObject) -> JsonObject:
    """A Wazuh-like alert around an event in the shape of the evtx library's JSON."""
    event = _object(row.get("Event"))
    system = _object(event.get("System"))
    code = system.get("EventID")
    time = _object(_object(system.get("TimeCreated")).get("#attributes")).get("SystemTime")
    provider = _object(_object(system.get("Provider")).get("#attributes")).get("Name")
    body = _object(event.get("EventData")) or _object(event.get("UserData"))
    return _wrapped(
        code=_object(code).get("#text") if isinstance(code, dict) else code,
        channel=system.get("Channel"),
        provider=provider,
        time=time,
        host=system.get("Computer"),
        body=body,
    )


def from_flat(row: JsonObject) -> JsonObject:
    """A Wazuh-like alert around an event whose fields stand side by side, as OTRF records them."""
    return _wrapped(
        code=row.get("EventID"),
        channel=row.get("Channel"),
        provider=row.get("SourceName"),
        time=row.get("@timestamp") or row.get("TimeCreated"),
        host=row.get("Hostname"),
        body=row,
    )


def _wrapped(
    *,
    code: JsonValue,
    channel: JsonValue,
    provider: JsonValue,
    time: JsonValue,
    host: JsonValue,
    body: Mapping[str, JsonValue],
) -> JsonObject:
    fields = {_lower_first(key): value for key, value in body.items() if isinstance(value, str | int | float)}
    return {
        "timestamp": time,
        "agent": {"id": "000", "name": host},
        "rule": {"id": "0", "description": "event", "groups": ["windows", "sysmon"], "firedtimes": 1},
        "decoder": {"name": "windows_eventchannel"},
        "data": {
            "win": {
                "system": {"eventID": str(code), "channel": channel, "providerName": provider},
                "eventdata": dict(fields),
            }
        },
    }


def _lower_first(key: str) -> str:
    """`CommandLine` as Wazuh writes it: `commandLine`; `SourceProcessGUID` keeps its tail."""
    return re.sub(r"^[A-Z]", lambda match: match[0].lower(), key)


def _lines(path: Path) -> Iterator[JsonObject]:
    if not path.exists():
        return
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    with io.TextIOWrapper(io.BytesIO(text), encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            if isinstance(row, dict):
                yield row


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _objects(value: JsonValue) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def main() -> int:
    """Print the report; 2 when the folder holds none of the sources."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with the public data sets")
    arguments = parser.parse_args()
    report = calibrate(arguments.data)
    print(json.dumps(report, indent=2))
    return 0 if len(report) > 1 else 2


if __name__ == "__main__":
    sys.exit(main())
