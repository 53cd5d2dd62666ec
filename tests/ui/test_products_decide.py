"""What the servers of a site's own products find changes what becomes of an alert, and a product that is down costs
nothing but its own look. The alerts are those of a real Suricata over captures made by hand."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.models import JsonObject
from tests.real import program
from tests.servers.acting import part
from tests.servers.ids.packets import SERVER, exchange, written
from tests.ui.conftest import CommandLine

RULES = (
    'alert http any any -> any any (msg:"SHOP command in a parameter"; http.uri; content:"cmd="; '
    "classtype:web-application-attack; sid:1000001; rev:1;)",
    'alert http any any -> any any (msg:"SHOP ATTACK_RESPONSE reply of id as root"; http.response_body; '
    'content:"uid=0|28|root|29|"; classtype:successful-admin; sid:1000002; rev:1;)',
    'alert http any any -> any any (msg:"SHOP check-in of a known implant"; http.uri; content:"/gate"; '
    "classtype:trojan-activity; sid:1000003; rev:1;)",
)
SHA256 = "6f2c" * 16


def seen_by_suricata(folder: Path, request: str, reply: bytes) -> Path:
    """The event log of an engine that saw one HTTP exchange."""
    found = program("suricata", "apt-get install suricata")
    rules = folder / "own.rules"
    rules.write_text("".join(f"{rule}\n" for rule in RULES))
    lines = (f"GET {request} HTTP/1.1", "Host: shop.example", "User-Agent: curl/8.5")
    path = written(folder / "case.pcap", exchange(lines, "text/plain", reply))
    command = [found, "-r", str(path), "-S", str(rules), "-l", str(folder), "-k", "none"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder / "eve.json"


def first_alert(eve: Path) -> str:
    """The line that is an alert and came first."""
    return next(line for line in eve.read_text().splitlines() if json.loads(line)["event_type"] == "alert")


def judged(run: CommandLine, alert: str, **products: str) -> JsonObject:
    """What triage says of one alert in a home of its own, with these products configured."""
    home = run.folder / f"home-{len(products)}-{len(list(run.folder.iterdir()))}"
    done = run("triage", "-", "--json", stdin=f"{alert}\n", MCPSOC_HOME=str(home), **products)
    assert done.returncode == 0, done.stderr
    row: JsonObject = json.loads(done.stdout)
    return row


def ids(eve: Path) -> dict[str, str]:
    return {"MCPSOC_IDS_BACKEND": "suricata", "MCPSOC_IDS_EVE": str(eve)}


def listed(folder: Path, values: Sequence[str]) -> dict[str, str]:
    path = folder / "bad.txt"
    path.write_text("".join(f"{value}\n" for value in values))
    return {"MCPSOC_REPUTATION_BACKEND": "files", "MCPSOC_REPUTATION_BAD_LISTS": str(path)}


def test_reply_in_the_same_connection_proves_that_a_web_attack_worked(run: CommandLine) -> None:
    """An attempt is everyday noise; what the server sent back tells that this one got in."""
    eve = seen_by_suricata(run.folder, "/cart?cmd=id", b"uid=0(root) gid=0(root) groups=0(root)\n")
    alert = first_alert(eve)

    alone, seen = judged(run, alert), judged(run, alert, **ids(eve))

    assert (alone["disposition"], alone["outcome"]) == ("needs_human", "unknown")
    assert (seen["disposition"], seen["outcome"], seen["basis"]) == ("true_positive", "succeeded", "single_source")
    assert part(seen, "claims", "struck") == 0


@pytest.mark.thorough
def test_harmless_reply_proves_nothing(run: CommandLine) -> None:
    """That the sensor saw no sign of success is not that there was none: the case stays a person's."""
    eve = seen_by_suricata(run.folder, "/cart?cmd=id", b"no such article\n")

    seen = judged(run, first_alert(eve), **ids(eve))

    assert (seen["disposition"], seen["basis"]) == ("needs_human", "alert_only")


@pytest.mark.thorough
def test_listed_address_that_answered_is_a_controller(run: CommandLine) -> None:
    """A signature alone may be mistaken, a list alone may be old; together, over a connection that was answered, they
    are believed."""
    eve = seen_by_suricata(run.folder, "/gate?id=7", b"sleep 60\n")
    alert, lists = first_alert(eve), listed(run.folder, [SERVER])

    alone = judged(run, alert)
    one, other = judged(run, alert, **ids(eve)), judged(run, alert, **lists)
    both = judged(run, alert, **ids(eve), **lists)

    assert {row["disposition"] for row in (alone, one, other)} == {"needs_human"}
    assert (both["disposition"], both["outcome"]) == ("true_positive", "succeeded")


@pytest.mark.parametrize(
    ("values", "disposition"),
    [([SHA256], "true_positive"), pytest.param(["0" * 64], "needs_human", marks=pytest.mark.thorough)],
)
def test_list_that_names_the_file_confirms_the_antivirus(
    run: CommandLine, values: Sequence[str], disposition: str
) -> None:
    """Two that do not know of one another call the same file malicious; one alone leaves it to a person."""
    alert = {
        "@timestamp": "2026-11-18T07:00:00Z",
        "rule": {"name": "A scanner named a file"},
        "host.name": "ws-1",
        "antivirus.signature": "Loader.B",
        "file.hash.sha256": SHA256,
    }

    assert judged(run, json.dumps(alert), **listed(run.folder, values))["disposition"] == disposition


@pytest.mark.thorough
def test_product_that_is_down_is_said_and_lowers_nothing(run: CommandLine) -> None:
    """What a configured product would have told is missing, not clean; what the alert proves itself stands."""
    eve = seen_by_suricata(run.folder, "/cart?cmd=id", b"no such article\n")
    alert = first_alert(eve)
    alone, down = judged(run, alert), judged(run, alert, **ids(run.folder / "gone.json"))

    assert [down[name] for name in ("disposition", "severity", "priority")] == [
        alone[name] for name in ("disposition", "severity", "priority")
    ]
    answers = [item for item in evidence_of_the_last(run) if part(item, "tool") == "ids_get_flow"]
    assert [part(item, "status") for item in answers] == ["error"]
    shown = run("cases", "show", "last", MCPSOC_HOME=str(newest_home(run))).stdout
    assert "ids_get_flow  failed: unreachable: the log gone.json cannot be read" in shown


def newest_home(run: CommandLine) -> Path:
    """The home that was made last."""
    return max(run.folder.glob("home-*"), key=lambda path: path.stat().st_mtime)


def evidence_of_the_last(run: CommandLine) -> list[JsonObject]:
    """The evidence of the last case of the last home."""
    shown = json.loads(run("cases", "show", "last", "--json", MCPSOC_HOME=str(newest_home(run))).stdout)
    found: list[JsonObject] = shown["evidence"]
    return found
