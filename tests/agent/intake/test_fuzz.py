"""Every parser on mutated alerts: an error is an IntakeError or a bug."""

import copy
import random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from agent.intake import IntakeError, alert_class, observables, parse, same_incident
from agent.likelihood import counterfactual, likelihood, outcome_of, severity, weigh
from agent.models import AlertFormat, JsonObject

SEEDS: Final[dict[AlertFormat, JsonObject]] = {
    "wazuh": {
        "timestamp": "2025-03-01T10:00:00Z",
        "agent": {"id": "1", "name": "h"},
        "rule": {"id": "5", "level": 3, "description": "d", "groups": ["sysmon"], "mitre": {"id": ["T1059"]}},
        "data": {
            "srcip": "1.2.3.4",
            "win": {
                "system": {"eventID": "10", "channel": "Microsoft-Windows-Sysmon/Operational"},
                "eventdata": {
                    "image": "C:\\\\Windows\\\\a.exe",
                    "commandLine": "cmd /c x",
                    "grantedAccess": "0x10",
                    "targetImage": "C:\\\\lsass.exe",
                    "hashes": "SHA256=" + "a" * 64,
                    "targetObject": "HKLM\\\\x",
                    "details": "y",
                },
            },
        },
        "syscheck": {"path": "/etc/passwd"},
        "full_log": 'a from 1.2.3.4 "GET /x HTTP/1.1" 200',
    },
    "suricata": {
        "timestamp": "2025-03-01T10:00:00Z",
        "event_type": "alert",
        "flow_id": 5,
        "src_ip": "1.2.3.4",
        "proto": "TCP",
        "flow": {"pkts_toclient": 2, "pkts_toserver": 2},
        "alert": {"signature": "ET SCAN x", "signature_id": 1, "severity": 2, "metadata": {"a": ["b"]}},
        "http": {"url": "/a%2e", "status": 200},
    },
    "defender": {
        "AlertName": "a",
        "StartTime": "2025-03-01 10:00:00+00:00",
        "ExtendedProperties": '{"DetectorId": "x"}',
        "Techniques": '["T1003"]',
        "Entities": [
            {"$id": "1", "Type": "process", "ImageFile": {"$ref": "2"}, "ParentProcess": {"$ref": "1"}},
            {"$id": "2", "Type": "file", "Directory": "C:\\", "Name": "a", "FileHashes": [{"Algorithm": "SHA256"}]},
            {"Type": "ip", "Address": "1.2.3.4", "Roles": ["Source"]},
            {"Type": "mailMessage", "Urls": ["http://x"]},
        ],
    },
    "elastic": {
        "kibana.alert.rule.name": "r",
        "kibana.alert.risk_score": 73,
        "@timestamp": "2025-03-01T10:00:00Z",
        "threat": [{"technique": [{"id": "T1059"}]}],
        "process": {"command_line": "x", "executable": ["a", "b"]},
        "count": 12,
    },
    "ocsf": {
        "class_uid": 2004,
        "time": 1740823200000,
        "severity_id": 3,
        "finding_info": {"title": "t", "attacks": [{"technique": {"uid": "T1059"}}]},
        "evidences": [{"process": {"file": {"hashes": [{"algorithm_id": 3, "value": "a" * 64}]}}}],
    },
    "generic": {
        "time": 1740823200,
        "title": "t",
        "src_ip": "1.2.3.4",
        "event": {"EventID": 4},
        "data": {"cmdline": "x"},
    },
}

ODD: Final[list[JsonValue]] = [
    None, True, False, 0, -1, 1.5, 10**30, float("nan"), float("inf"), "", "-", " ", "\x00", "\ud800", "é" * 50,
    "T1059",
    "0x", "0xzz", "9" * 5000, "{",
    '{"a":', "[" * 100, [], {}, [[]], [None], [{}], {"$ref": "1"}, {"$id": "1"}, {"": ""},
    ["a", 1, None, {"b": []}], {"a.b": {"c": 1}}, "2025-13-45T99:99:99Z", 10**18, "S-1-5-18", "::1",
    "a" * 40000,
    "&#x110000;", "%ff%00", "-enc AAAA", "cmd /c " * 50, "$(", "((((", "\\" * 99,
]  # fmt: skip


def mutated(raw: JsonObject, random_: random.Random) -> JsonObject:
    """The alert with a few of its places replaced, dropped or doubled."""
    result = copy.deepcopy(raw)
    for _ in range(random_.randint(1, 6)):
        places = list(_places(result))
        container, key = random_.choice(places)
        value = copy.deepcopy(random_.choice(ODD))
        if isinstance(container, dict):
            if random_.random() < 0.2:
                container.pop(str(key), None)
            else:
                container[str(key)] = value
        elif isinstance(container, list) and isinstance(key, int):
            container[key : key + 1] = [value] * random_.randint(0, 3)
    return result


def _places(value: JsonValue) -> list[tuple[JsonValue, str | int]]:
    found: list[tuple[JsonValue, str | int]] = []
    waiting: list[JsonValue] = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            found.extend((current, key) for key in current)
            found.append((current, "extra"))
            waiting.extend(current.values())
        elif isinstance(current, list):
            found.extend((current, index) for index in range(len(current)))
            waiting.extend(current)
    return found


@pytest.mark.parametrize("name", list(SEEDS))
@settings(max_examples=2 * settings.default.max_examples, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_mutated_alerts_are_read_or_refused(name: AlertFormat, seed: int) -> None:
    """Anything else would stop a queue on one hostile line; what is read can also be weighed, classed and stored."""
    raw = mutated(SEEDS[name], random.Random(seed))
    for chosen in (None, name):
        try:
            alert = parse(raw, world="site", ordinal=1, format=chosen)
        except IntakeError:
            continue
        alert.model_dump_json()
        assert 0 <= likelihood(weigh(alert, [alert])) <= 1
        assert 0 <= likelihood(weigh(counterfactual(alert))) <= 1
        severity(alert, outcome=outcome_of(alert))
        alert_class(alert)
        observables(alert)
        same_incident(alert, alert)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=12), children, max_size=4),
    max_leaves=20,
)


@settings(max_examples=2 * settings.default.max_examples, deadline=None)
@given(raw=st.dictionaries(st.text(max_size=12) | st.sampled_from(["alert", "_source", "rule", "time"]), json_values))
def test_any_object_is_read_or_refused(raw: JsonObject) -> None:
    """Files hold whatever somebody put into them."""
    try:
        parse(raw, world="site", ordinal=1)
    except IntakeError:
        return
