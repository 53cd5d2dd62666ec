"""Suricata over captures and its log: a real engine in a process of its own."""

import hashlib
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from servers.errors import ToolError
from servers.folders import Folders
from servers.ids.engine import SuricataEngine, configuration
from servers.ids.server import build
from servers.ids.settings import IdsSettings
from tests.real import program
from tests.servers.acting import Analyst, analyst, part
from tests.servers.ids.packets import CLIENT, PAGE, SERVER, capture

HTTP_RULE = 'alert http any any -> any any (msg:"setup fetched"; http.uri; content:"setup.exe"; sid:{}; rev:1;)'


def serve(home: Path, eve: Path = Path("/nowhere/eve.json")) -> Analyst:
    """A server whose captures lie in the test's folder."""
    found = program("suricata", "apt-get install suricata")
    (home / "own.rules").write_text(HTTP_RULE.format(1_000_001) + "\n")
    rules = str(home / "own.rules")
    settings = IdsSettings(backend="suricata", program=found, roots=str(home), rule_files=rules, eve=eve)
    return analyst(build, settings, home)


async def test_capture_gives_alerts_with_what_the_flow_carried(tmp_path: Path) -> None:
    """The rules that are configured find what they are for, and every event is counted."""
    path = capture(tmp_path / "case.pcap")
    found = await serve(tmp_path).asks("analyse_pcap", path=str(path))
    alert = part(found, "data", "alerts", 0)
    kinds = {part(kind, "kind"): part(kind, "events") for kind in json.loads(json.dumps(part(found, "data", "kinds")))}

    assert found["total"] == 1
    assert part(alert, "rule.id") == "1000001"
    assert (part(alert, "source.ip"), part(alert, "destination.domain")) == (CLIENT, "files.evil.test")
    assert {"alert": 1, "http": 1, "dns": 1, "fileinfo": 1, "flow": 2}.items() <= kinds.items()
    assert "ignore previous" not in str(found["summary"])
    assert "$.alerts[*].user_agent" in str(found["untrusted"])


@pytest.mark.parametrize(
    ("rule", "hits"),
    [
        (HTTP_RULE.format(1), 1),
        ('alert dns any any -> any any (msg:"asked"; dns.query; content:"evil.test"; nocase; sid:2; rev:1;)', 1),
        ('alert http any any -> any any (msg:"a\\; b"; http.uri; content:"\\"none\\;"; sid:3; rev:1;)', 0),
    ],
    ids=["http", "dns", "nothing"],
)
async def test_rule_is_tried_on_a_capture(tmp_path: Path, rule: str, hits: int) -> None:
    """A rule is known to fire before anybody loads it."""
    path = capture(tmp_path / "case.pcap")
    tried = await serve(tmp_path).asks("test_rule", rule=rule, path=str(path))

    assert (part(tried, "data", "valid"), part(tried, "data", "hits")) == (True, hits)
    assert not hits or "$.alerts[*]['rule.name']" in json.dumps(tried["untrusted"])


async def test_rule_the_engine_does_not_take_comes_with_its_complaint(tmp_path: Path) -> None:
    """A mistyped keyword is the author's to mend, and the engine's words are data."""
    path = capture(tmp_path / "case.pcap")
    rule = 'alert http any any -> any any (msg:"x"; http.urii; content:"a"; sid:1; rev:1;)'
    tried = await serve(tmp_path).asks("test_rule", rule=rule, path=str(path))

    assert part(tried, "data", "valid") is False
    assert "http.urii" in str(part(tried, "data", "complaint"))
    assert "http.urii" not in str(tried["summary"])


@pytest.mark.parametrize(
    "rule",
    [
        'drop http any any -> any any (msg:"x"; sid:1; rev:1;)',
        'alert http any any -> any any (msg:"x"; lua:evil.lua; sid:1; rev:1;)',
        'alert http any any -> any any (msg:"x"; http.uri; dataset:set,a,type string,save /etc/x; sid:1; rev:1;)',
        'alert http any any -> any any (msg:"x"; filestore; sid:1; rev:1;)',
        'alert http any any -> any any (msg:"x"; sid:1; rev:1;)\nalert ip any any -> any any (msg:"y"; sid:2;)',
        'alert http any any -> any any (msg:"x"; sid:1; sid:2; rev:1;)',
        'alert http any any -> any any (msg:"x"; content:"a\\\\"; bypass; sid:1; rev:1;)',
    ],
    ids=["drops", "script", "writes a set", "stores files", "two lines", "two numbers", "bypass behind an escape"],
)
async def test_rule_that_does_more_than_alert_is_refused(tmp_path: Path, rule: str) -> None:
    """A rule may look; it may not run code, write files, drop packets or blind the sensor."""
    path = capture(tmp_path / "case.pcap")
    tried = await serve(tmp_path).asks("test_rule", rule=rule, path=str(path))

    assert (tried["status"], part(tried, "error", "code")) == ("error", "invalid_argument")


@pytest.mark.parametrize("name", ["../outside.pcap", "link.pcap", "text.pcap", "none.pcap", "empty.pcap"])
async def test_what_is_no_capture_of_ours_is_not_analysed(tmp_path: Path, name: str) -> None:
    """Nothing outside the folders, through a link, or without the head of a capture, which would hang the engine."""
    home = tmp_path / "home"
    home.mkdir()
    capture(tmp_path / "outside.pcap")
    (home / "link.pcap").symlink_to(tmp_path / "outside.pcap")
    (home / "text.pcap").write_text("this is no capture, however long it may be")
    (home / "empty.pcap").touch()
    refused = await serve(home).asks("analyse_pcap", path=str(home / name))

    assert refused["status"] in ("error", "no_data")
    assert refused["data"] is None


BROKEN = {
    "variable": HTTP_RULE.format(2).replace("any any -> any any", "any any -> $FILE_SERVERS any", 1),
    "keyword": HTTP_RULE.format(2).replace("http.uri", "http.urii"),
    "empty": "",
}


@pytest.mark.parametrize("rules", BROKEN.values(), ids=BROKEN)
async def test_without_a_rule_that_loads_nothing_was_looked_for(tmp_path: Path, rules: str) -> None:
    """No alerts of an engine without rules would read as: no attack."""
    server, path = serve(tmp_path), capture(tmp_path / "case.pcap")
    (tmp_path / "own.rules").write_text(f"{rules}\n")
    found = await server.asks("analyse_pcap", path=str(path))

    assert (found["status"], part(found, "error", "code")) == ("error", "not_configured")


async def test_rules_that_do_not_load_are_counted(tmp_path: Path) -> None:
    """What one of them is for was not looked for, whatever the others found."""
    server, path = serve(tmp_path), capture(tmp_path / "case.pcap")
    (tmp_path / "own.rules").write_text(f"{HTTP_RULE.format(1)}\n{BROKEN['keyword']}\n")
    found = await server.asks("analyse_pcap", path=str(path))

    assert (found["status"], found["total"]) == ("stale", 1)
    assert "does not load 1 of 2 rules" in str(found["error"])


@pytest.mark.parametrize("tool", ["analyse_pcap", "test_rule"])
async def test_capture_that_is_cut_says_how_much_was_read(tmp_path: Path, tool: str) -> None:
    """What followed is unknown, and is not: no alerts."""
    server, path = serve(tmp_path), capture(tmp_path / "case.pcap")
    path.write_bytes(path.read_bytes()[:200])
    rule = {"rule": HTTP_RULE.format(1)} if tool == "test_rule" else {}
    found = await server.asks(tool, path=str(path), **rule)

    assert found["status"] == "stale"
    assert "179 of 200 bytes of the capture can be read, 2 packets" in str(found["error"])


def test_engine_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The limits are set by another program, which must not hide that this one is missing."""
    program("prlimit", "apt-get install util-linux")
    capture(tmp_path / "case.pcap")
    engine = SuricataEngine(str(tmp_path / "suricata"), Folders((tmp_path,), "X"), ())

    with pytest.raises(ToolError) as refusal:
        engine.analyse(str(tmp_path / "case.pcap"), 20, None)
    assert refusal.value.code == "not_installed"


def log_of(home: Path) -> Path:
    """The event log the engine writes over the capture, without its own figures, which are of today."""
    found = program("suricata", "apt-get install suricata")
    capture(home / "case.pcap")
    (home / "own.rules").write_text(HTTP_RULE.format(1_000_001) + "\n")
    (home / "engine.yaml").write_text(configuration("[10.0.0.0/8]"))
    words = ["-c", "engine.yaml", "-S", "own.rules", "-r", "case.pcap", "-l", ".", "--runmode", "single", "-k", "none"]
    subprocess.run([found, *words], cwd=home, check=True, capture_output=True, timeout=60)
    log = home / "eve.json"
    log.write_text("".join(f"{line}\n" for line in log.read_text().splitlines() if '"event_type":"stats"' not in line))
    return log


async def test_flow_is_joined_with_what_was_read_of_it(tmp_path: Path) -> None:
    """Whether an alert matters stands in the request, the answer and the file of the same flow."""
    server = serve(tmp_path, eve=log_of(tmp_path))
    at = datetime.fromtimestamp(1_772_000_000, UTC)
    window = {"start": at.isoformat(), "end": (at + timedelta(minutes=5)).isoformat()}
    alerts = await server.asks("search_alerts", address=SERVER, rule_id="1000001", **window)
    flow = await server.asks("get_flow", flow_id=part(alerts, "data", "alerts", 0, "flow.id"))
    events = {part(event, "event.kind"): event for event in json.loads(json.dumps(part(flow, "data", "events")))}
    activity = await server.asks("host_activity", ip=CLIENT, **window)
    groups = await server.asks("summarise_alerts", by="source_and_destination", **window)

    assert set(events) == {"alert", "http", "fileinfo", "flow"}
    assert part(events["fileinfo"], "file.hash.sha256") == hashlib.sha256(PAGE).hexdigest()
    assert part(events["http"], "url.full") == "/tools/setup.exe?id=7"
    assert part(activity, "data", "activity", 0, "kind") == "alert"
    assert part(activity, "data", "peers") == 1
    assert (part(groups, "data", "groups", 0, "source"), part(groups, "data", "alerts")) == (CLIENT, 1)
    assert activity["status"] == "success"
