"""Each format: which fields come out, and who wrote them."""

import copy
import json

import pytest

from agent.intake import IntakeError, NotAnAlert, alert_class, detect_format, observables, parse, read_record
from agent.intake.draft import Context
from agent.models import Alert, AlertFormat, JsonObject, Provenance

WAZUH: JsonObject = {
    "timestamp": "2025-03-01T10:00:00.000+0000",
    "id": "1740823200.100",
    "agent": {"id": "007", "name": "ws-7", "ip": "10.1.2.3"},
    "rule": {
        "id": "92057",
        "description": "a rule",
        "groups": ["sysmon", "sysmon_eid1_detections", "windows"],
        "mitre": {"id": ["T1086"]},
        "firedtimes": 1,
    },
    "decoder": {"name": "windows_eventchannel"},
    "data": {
        "win": {
            "system": {"eventID": "1", "channel": "Microsoft-Windows-Sysmon/Operational"},
            "eventdata": {
                "image": "C:\\\\Windows\\\\System32\\\\cmd.exe",
                "parentImage": "C:\\\\Users\\\\ann\\\\AppData\\\\Local\\\\Temp\\\\a.exe",
                "commandLine": '\\"cmd.exe\\" /c echo 1 &gt; a.txt',
                "user": "CORP\\\\ann",
                "hashes": "SHA1=" + "a" * 40 + ",SHA256=" + "B" * 64,
                "logonId": "0x3E7",
                "integrityLevel": "High",
                "processGuid": "{AAAA0000-0000-0000-0000-000000000001}",
            },
        }
    },
}

SURICATA: JsonObject = {
    "timestamp": "2025-03-01T10:00:00.123456+0000",
    "flow_id": 123456789,
    "event_type": "alert",
    "src_ip": "203.0.113.5",
    "src_port": 40000,
    "dest_ip": "10.1.2.3",
    "dest_port": 80,
    "proto": "TCP",
    "app_proto": "http",
    "community_id": "1:abc",
    "alert": {
        "action": "blocked",
        "signature_id": 2010001,
        "signature": "ET WEB_SERVER something",
        "category": "Web Application Attack",
        "severity": 1,
        "metadata": {"mitre_technique_id": ["T1190"]},
    },
    "http": {"hostname": "shop.example", "url": "/?a=%2e%2e/", "http_user_agent": "curl", "status": 404},
    "flow": {"pkts_toserver": 4, "pkts_toclient": 3},
}

DEFENDER: JsonObject = {
    "TimeGenerated": "2025-03-01 10:05:00.000000+00:00",
    "StartTime": "2025-03-01 10:00:00.000000+00:00",
    "SystemAlertId": "aaaa-bbbb",
    "AlertName": "Something happened",
    "AlertSeverity": "High",
    "ProviderName": "MDATP",
    "ProductName": "Defender",
    "Techniques": ["T1003"],
    "SubTechniques": ["T1003.001"],
    "Tactics": "CredentialAccess, Discovery",
    "ExtendedProperties": json.dumps({"DetectorId": "d-1", "MicrosoftDefenderAtp.Category": "CredentialAccess"}),
    "Entities": [
        {"$id": "1", "Type": "host", "HostName": "ws-7", "MdatpDeviceId": "dev-1"},
        {"$id": "2", "Type": "account", "Name": "ann", "Sid": "S-1-5-21-1-2-3-1001"},
        {
            "$id": "3",
            "Type": "process",
            "ProcessId": "11",
            "CreationTimeUtc": "2025-03-01T09:59:00Z",
            "CommandLine": "tool.exe -x",
            "ImageFile": {
                "$id": "4",
                "Directory": "C:\\Users\\ann",
                "Name": "tool.exe",
                "FileHashes": [{"Algorithm": "SHA256", "Value": "C" * 64}],
            },
            "ParentProcess": {"$ref": "5"},
        },
        {
            "$id": "5",
            "Type": "process",
            "ProcessId": "7",
            "CommandLine": "explorer.exe",
            "ImageFile": {"$id": "6", "Directory": "C:\\Windows", "Name": "explorer.exe"},
        },
        {"$id": "7", "Type": "ip", "Address": "198.51.100.4"},
    ],
}

ELASTIC: JsonObject = {
    "kibana.alert.uuid": "k-1",
    "@timestamp": "2025-03-01T10:00:00.000Z",
    "kibana.alert.rule.name": "Many failures",
    "kibana.alert.rule.uuid": "r-1",
    "kibana.alert.severity": "high",
    "kibana.alert.rule.tags": ["lab"],
    "threat.technique.id": ["T1110.003"],
    "event.category": "authentication",
    "event.outcome": "failure",
    "event.source": "idp",
    "source.ip": "203.0.113.7",
    "host.name": "vpn-1",
    "user.attempted_name": "ann",
    "process.executable": "C:\\Windows\\Temp\\x.exe",
    "mcpsoc.synthetic": True,
}

OCSF: JsonObject = {
    "class_uid": 2004,
    "time": 1740823200000,
    "severity_id": 4,
    "severity": "High",
    "metadata": {"product": {"name": "Sensor"}, "version": "1.3.0"},
    "finding_info": {
        "uid": "f-1",
        "title": "Suspicious child",
        "analytic": {"uid": "an-1"},
        "attacks": [{"technique": {"uid": "T1059"}, "sub_technique": {"uid": "T1059.001"}}],
    },
    "evidences": [
        {
            "src_endpoint": {"ip": "10.1.2.3"},
            "process": {
                "cmd_line": "powershell -c x",
                "file": {
                    "path": "C:\\Windows\\System32\\a.exe",
                    "hashes": [{"algorithm_id": 3, "algorithm": "SHA-256", "value": "D" * 64}],
                },
                "parent_process": {"cmd_line": "winword.exe"},
            },
            "actor": {"user": {"name": "CORP\\ann"}},
        }
    ],
    "device": {"hostname": "ws-7"},
}

GENERIC: JsonObject = {
    "timestamp": 1740823200,
    "title": "odd login",
    "src_ip": "203.0.113.9",
    "username": "ann",
    "cmdline": "whoami",
    "mitre": "T1078",
    "flavour": {"of": "nothing"},
}

ALL: dict[AlertFormat, JsonObject] = {
    "wazuh": WAZUH,
    "suricata": SURICATA,
    "defender": DEFENDER,
    "elastic": ELASTIC,
    "ocsf": OCSF,
    "generic": GENERIC,
}


def taken(raw: JsonObject) -> Alert:
    return parse(copy.deepcopy(raw), world="site", ordinal=1)


def has(alert: Alert, name: str) -> tuple[object, str]:
    field = alert.field(name)
    assert field is not None, name
    return field.value, field.provenance.value


@pytest.mark.parametrize("name", list(ALL))
def test_the_format_is_told_by_its_shape(name: AlertFormat) -> None:
    """Nobody says which product an alert comes from."""
    assert detect_format(ALL[name]) == name
    assert taken(ALL[name]).format == name


def test_wazuh_values_are_unescaped_and_classed_by_who_wrote_them() -> None:
    """The event channel's escaping would break every path; the class decides what may lower a verdict."""
    alert = taken(WAZUH)
    assert has(alert, "process.executable") == ("C:\\Windows\\System32\\cmd.exe", "T1")
    assert has(alert, "process.parent.executable") == ("C:\\Users\\ann\\AppData\\Local\\Temp\\a.exe", "T2")
    assert has(alert, "process.command_line") == ('"cmd.exe" /c echo 1 > a.txt', "T2")
    assert has(alert, "user.name") == ("ann", "T1")
    assert has(alert, "process.hash.sha256") == ("b" * 64, "T1")
    assert has(alert, "logon.id") == ("0x3e7", "T1")
    assert alert.techniques == ("T1059.001",)
    assert [item.value for item in alert.decoded] == ["echo 1 > a.txt"]


def test_a_failed_sign_in_names_an_attempted_user_only() -> None:
    """Nobody proved to be that user, so the name is whatever was typed."""
    raw = copy.deepcopy(WAZUH)
    raw["data"] = {
        "win": {
            "system": {"eventID": "4625", "channel": "Security"},
            "eventdata": {"targetUserName": "root'; drop", "ipAddress": "203.0.113.4", "subStatus": "0xC000006A"},
        }
    }
    alert = taken(raw)
    assert has(alert, "user.attempted_name") == ("root'; drop", "T2")
    assert alert.field("user.name") is None
    assert has(alert, "source.ip") == ("203.0.113.4", "T1")


def test_addresses_cut_out_of_a_log_line_stay_untrusted() -> None:
    """A user name may hold "from 198.51.100.1": log text must not name a target for a block."""
    raw: JsonObject = {
        "timestamp": "2025-03-01T10:00:00Z",
        "agent": {"id": "1", "name": "web"},
        "rule": {"id": "5716", "description": "d", "groups": ["syslog", "sshd", "authentication_failed"]},
        "predecoder": {"program_name": "sshd"},
        "full_log": "sshd[1]: Failed password for ann from 198.51.100.1 port 22 ssh2",
    }
    assert has(taken(raw), "source.ip") == ("198.51.100.1", "T2")


def test_web_access_lines_give_the_request() -> None:
    """Wazuh often leaves the user agent in the line."""
    raw: JsonObject = {
        "timestamp": "2025-03-01T10:00:00Z",
        "agent": {"id": "1", "name": "web"},
        "rule": {"id": "31101", "description": "d", "groups": ["web", "accesslog", "attack"]},
        "full_log": '203.0.113.9 - - [01/Mar/2025:10:00:00 +0000] "GET /a%27 HTTP/1.1" 404 12 "-" "sqlmap/1.7"',
    }
    alert = taken(raw)
    assert has(alert, "url.full") == ("/a%27", "T2")
    assert has(alert, "user_agent") == ("sqlmap/1.7", "T2")
    assert has(alert, "http.status") == (404, "T1")
    assert has(alert, "source.ip") == ("203.0.113.9", "T2")


def test_a_suricata_alert_inside_wazuh_gives_the_same_fields() -> None:
    """The same sensor must read the same whichever way it comes."""
    raw: JsonObject = {
        "timestamp": "2025-03-01T10:00:00Z",
        "agent": {"id": "1", "name": "ids"},
        "rule": {"id": "86601", "description": "Suricata: Alert", "groups": ["ids", "suricata"]},
        "data": {**SURICATA, "src_port": "40000"},
    }
    alert, bare = taken(raw), taken(SURICATA)
    for name in ("source.ip", "destination.ip", "source.port", "url.full", "http.status", "network.community_id"):
        assert has(alert, name) == has(bare, name)
    assert "ET WEB_SERVER" in alert.rule.groups
    assert alert.techniques == ("T1190",)


def test_an_address_is_attested_only_by_an_established_flow() -> None:
    """A lone packet's source can be forged, and a block on it would hit whoever the attacker names."""
    lone = copy.deepcopy(SURICATA)
    lone.update({"app_proto": "failed", "flow": {"pkts_toserver": 1, "pkts_toclient": 0}})
    datagram = {**copy.deepcopy(SURICATA), "proto": "UDP"}
    assert has(taken(SURICATA), "source.ip")[1] == "T1"
    assert has(taken(lone), "source.ip")[1] == "T2"
    assert has(taken(datagram), "source.ip")[1] == "T2"


def test_a_signature_names_the_weakness_that_it_is_about() -> None:
    """Rule sets spell CVE ids with underscores; scanners' reports do not, and the two are compared."""
    raw = copy.deepcopy(SURICATA)
    raw["alert"] = {"signature": "a rule", "metadata": {"cve": ["CVE_2021_44228", "cve-ignore-instructions"]}}
    assert has(taken(raw), "vulnerability.id") == ("CVE-2021-44228", "T1")


@pytest.mark.parametrize("kind", ["flow", "dns", "http", "tls", "fileinfo", "stats"])
def test_other_eve_records_are_context(kind: str) -> None:
    """A mixed eve.json must neither raise cases for flows nor call them broken."""
    record: JsonObject = {"timestamp": "2025-03-01T10:00:00Z", "event_type": kind, "flow_id": 5, "src_ip": "10.0.0.1"}
    with pytest.raises(NotAnAlert, match=kind):
        parse(record, world="site", ordinal=1)
    found = read_record(record, world="site", ordinal=1)
    assert isinstance(found, Context)
    assert (found.kind, found.flow_id) == (kind, "5")


def test_defender_entities_become_fields() -> None:
    """Children and parents are told apart through references; a path in a profile is no sensor's word."""
    alert = taken(DEFENDER)
    assert has(alert, "process.executable") == ("C:\\Users\\ann\\tool.exe", "T2")
    assert has(alert, "process.parent.executable") == ("C:\\Windows\\explorer.exe", "T1")
    assert has(alert, "process.entity_id") == ("11@2025-03-01T09:59:00Z", "T1")
    assert has(alert, "process.hash.sha256") == ("c" * 64, "T1")
    assert has(alert, "user.name") == ("ann", "T1")
    assert alert.techniques == ("T1003.001",)
    assert alert.rule.id == "d-1"
    assert {"CredentialAccess", "Discovery"} <= set(alert.rule.groups)
    assert alert.alert_id == "aaaa-bbbb"


def test_an_account_without_sid_is_only_a_name() -> None:
    """Defender lists names it merely read somewhere."""
    raw = copy.deepcopy(DEFENDER)
    raw["Entities"] = [{"Type": "account", "Name": "administrator"}]
    assert has(taken(raw), "user.name") == ("administrator", "T2")


def test_graph_alerts_are_read_too() -> None:
    """The API and the table name the same things differently."""
    raw: JsonObject = {
        "id": "g-1",
        "title": "Graph alert",
        "category": "Execution",
        "severity": "medium",
        "serviceSource": "microsoftDefenderForEndpoint",
        "detectionSource": "antivirus",
        "createdDateTime": "2025-03-01T10:00:00Z",
        "mitreTechniques": ["T1059.001"],
        "evidence": [
            {
                "@odata.type": "#microsoft.graph.security.processEvidence",
                "processId": 4,
                "processCommandLine": "powershell -c x",
                "imageFile": {"fileName": "powershell.exe", "filePath": "C:\\Windows\\System32"},
                "userAccount": {"accountName": "ann", "userSid": "S-1-5-21-1"},
            },
            {"@odata.type": "#microsoft.graph.security.deviceEvidence", "deviceDnsName": "ws-7", "mdeDeviceId": "d"},
        ],
    }
    alert = taken(raw)
    assert alert.format == "defender"
    assert has(alert, "process.executable") == ("C:\\Windows\\System32\\powershell.exe", "T1")
    assert has(alert, "user.name") == ("ann", "T1")
    assert has(alert, "host.name") == ("ws-7", "T1")


def test_elastic_alerts_keep_the_lab_mark_and_refine_paths() -> None:
    """A synthetic alert has to say so up to the report; Windows\\Temp is no protected path."""
    alert = taken(ELASTIC)
    assert alert.synthetic
    assert has(alert, "process.executable")[1] == "T2"
    assert has(alert, "user.attempted_name") == ("ann", "T2")
    assert alert_class(alert) == "password_attack"


def test_nested_and_flat_elastic_documents_read_alike() -> None:
    """Kibana exports either."""
    nested = copy.deepcopy(ELASTIC)
    for key in ("source.ip", "host.name"):
        first, second = key.split(".")
        nested[first] = {second: nested.pop(key)}
    nested["threat"] = [{"technique": [{"id": "T1110", "subtechnique": [{"id": "T1110.003"}]}]}]
    del nested["threat.technique.id"]
    alert = taken(nested)
    assert has(alert, "source.ip") == ("203.0.113.7", "T1")
    assert alert.techniques == ("T1110.003",)


def test_ocsf_findings_are_read() -> None:
    """Evidences hold lists; hashes only count as SHA-256 when they say so."""
    alert = taken(OCSF)
    assert has(alert, "process.executable") == ("C:\\Windows\\System32\\a.exe", "T1")
    assert has(alert, "process.hash.sha256") == ("d" * 64, "T1")
    assert has(alert, "user.name") == ("ann", "T1")
    assert alert.techniques == ("T1059", "T1059.001")
    assert alert.rule.level == 4


def test_generic_alerts_name_what_could_not_be_placed() -> None:
    """A person has to see which part of an unknown alert nobody read."""
    alert = taken(GENERIC)
    assert alert.unplaced == ("flavour",)
    assert has(alert, "source.ip") == ("203.0.113.9", "T2")
    assert has(alert, "process.command_line") == ("whoami", "T2")
    assert alert.alert_id == "line-1"


def test_generic_alerts_without_a_known_field_are_refused_by_name() -> None:
    """The message is all its sender gets to see."""
    with pytest.raises(IntakeError, match="flavour"):
        taken({"flavour": 1, "time": "2025-03-01T10:00:00Z"})


@pytest.mark.parametrize("name", list(ALL))
def test_every_field_points_at_a_place_in_the_raw_alert(name: AlertFormat) -> None:
    """Claims are re-run on evidence: a field without its place could not be checked."""
    alert = taken(ALL[name])
    assert alert.fields
    assert all(field.path.startswith("$") for field in alert.fields)
    assert {item.provenance for item in alert.decoded} <= {Provenance.UNTRUSTED}


def test_observables_are_canonical_and_loopback_is_none() -> None:
    """Looking up 127.0.0.1 or SYSTEM tells nothing."""
    raw = copy.deepcopy(ELASTIC)
    raw.update({"destination.ip": "127.0.0.1", "dns.question.name": "Evil.Example.", "user.name": "SYSTEM"})
    found = {(item.type, item.value) for item in observables(taken(raw))}
    assert ("address", "203.0.113.7") in found
    assert ("domain", "evil.example") in found
    assert not {value for _, value in found} & {"127.0.0.1", "SYSTEM"}


@pytest.mark.parametrize(("outcome", "expected"), [("failure", Provenance.UNTRUSTED), ("success", Provenance.SENSOR)])
def test_user_of_a_failed_sign_in_is_a_name_somebody_typed(outcome: str, expected: Provenance) -> None:
    """An attempted user name proves nothing about who tried; an authenticated one does."""
    raw: JsonObject = {
        "kibana.alert.rule.name": "Failed sign-ins",
        "@timestamp": "2025-03-01T10:00:00Z",
        "event.category": "authentication",
        "event.outcome": outcome,
        "user.name": "ann",
    }
    field = parse(raw, world="site", ordinal=1).field("user.name")
    assert field is not None
    assert field.provenance is expected
