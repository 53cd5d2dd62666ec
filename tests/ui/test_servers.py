"""`mcpsoc servers`: what there is, one question to it, a look at what is behind it, and whose tools were accepted."""

import json
import sys
from pathlib import Path

import pytest

from knowledge.trust.keys import SigningKey
from servers.bundle import server_names
from tests.labs import lab_at
from tests.real import free_port
from tests.ui.conftest import CommandLine

CANARY = "canary-8841-key-of-a-product-0123456789"
THEIRS = """
import asyncio, pathlib, sys
from typing import Annotated
from servers.kit import T1, Output, Reply, build_server

class Word(Output):
    word: Annotated[str, T1]

def theirs_say() -> Reply[Word]:
    return Reply(Word(word="hello"), "1 word")

theirs_say.__doc__ = pathlib.Path(sys.argv[1]).read_text()
server = build_server("theirs", reads=[theirs_say], backend="real", synthetic=False, probe=lambda: "a server")
asyncio.run(server.run_stdio())
"""


def test_every_bundled_server_is_listed_with_backend_tools_and_health(shared: CommandLine) -> None:
    """Whoever sets one up sees at once what is there and what is missing."""
    rows = {row["name"]: row for row in json.loads(shared("servers", "ls", "--json").stdout)}

    assert {*server_names(), "mcpsoc"} == set(rows)
    for name, row in rows.items():
        assert row["backend"] in ("real", "embedded")
        assert row["reads"] + row["changes"] == len(row["tools"])
        assert f"{name}_health" in [tool["name"] for tool in row["tools"]]
        assert isinstance(row["health"]["ready"], bool)
        assert row["health"]["detail"]
    assert rows["kb"]["health"]["ready"] is True
    assert rows["siem"]["health"]["ready"] is False


@pytest.mark.parametrize("language", ["en_GB.UTF-8", pytest.param("zh_CN.UTF-8", marks=pytest.mark.thorough)])
def test_list_ends_with_what_to_do_where_there_is_no_simulated_enterprise(run: CommandLine, language: str) -> None:
    """Nineteen times "not ready" is no advice; what is advised is a command that works."""
    fresh = run("servers", "ls", LC_ALL=language)
    told = fresh.stderr.splitlines()

    assert fresh.returncode == 0
    assert len(told) == 1
    assert "not ready" not in fresh.stdout
    for part in ("mcpsoc demo", f"MCPSOC_HOME={run.home / 'demo'} mcpsoc servers ls", "MCPSOC_<SERVER>_BACKEND"):
        assert part in told[0]
    assert ("\u4e00" <= told[0][1] <= "\u9fff") is language.startswith("zh")
    assert run("servers", "ls", "--json", LC_ALL=language).stderr == ""


@pytest.mark.thorough
def test_list_over_a_simulated_enterprise_needs_no_advice(run: CommandLine) -> None:
    """A demo that is there already is pointed at, and its own home has nothing to be told."""
    lab_at(run.home / "demo" / "lab.db", 17, ())

    beside = run("servers", "ls").stderr.splitlines()
    within = run("servers", "ls", MCPSOC_HOME=str(run.home / "demo"))

    assert len(beside) == 1
    assert "mcpsoc demo" not in beside[0]
    assert f"MCPSOC_HOME={run.home / 'demo'} mcpsoc servers ls" in beside[0]
    assert (within.stderr, "not ready" in within.stdout) == ("", False)


def test_server_is_shown_with_arguments_risk_undo_and_settings_but_no_secret(shared: CommandLine) -> None:
    """What is set may be a credential; what may be set is documentation."""
    key = SigningKey.generate().public.text
    done = shared("servers", "show", "firewall", "--json", MCPSOC_GRANT_KEY=key, MCPSOC_PFSENSE_API_KEY=CANARY)
    shown = json.loads(done.stdout)

    block = next(tool for tool in shown["tools"] if tool["name"] == "firewall_block_address")
    assert (block["changes"], block["risk"], block["undo"]) == (True, "medium", "firewall_unblock_address")
    assert len(block["sha256"]) == 64
    assert {"name": "reason", "required": True}.items() <= block["arguments"][-1].items()
    settings = {setting["name"]: setting for setting in shown["settings"]}
    assert settings["MCPSOC_PFSENSE_API_KEY"]["secret"] is True
    assert shown["needs"]["firewall:nftables"]
    assert CANARY not in done.stdout
    assert "--arg limit=" in shared("servers", "show", "firewall").stdout


def test_read_is_called_with_pairs_or_with_a_document(shared: CommandLine) -> None:
    """Numbers and switches are no texts: the tool's own schema says which is which."""
    pairs = shared("servers", "call", "kb", "kb_search", "--arg", "query=T1490", "--arg", "limit=1", "--json")
    given = json.dumps({"query": "T1490", "limit": 1})
    document = shared("servers", "call", "kb", "kb_search", "--json-args", given, "--json")

    assert pairs.returncode == document.returncode == 0
    answers = [json.loads(done.stdout) for done in (pairs, document)]
    assert answers[0]["data"] == answers[1]["data"]
    assert len(answers[0]["data"]["hits"]) == 1


def test_answer_for_a_person_keeps_data_apart_from_words(shared: CommandLine) -> None:
    """stdout is the data alone, so that it can be piped on."""
    done = shared("servers", "call", "kb", "kb_list_documents", "--arg", "limit=1")

    assert json.loads(done.stdout)["documents"]
    assert "kb (real)" in done.stderr


@pytest.mark.parametrize("key", [False, True], ids=["without a key", "with a key"])
def test_change_is_refused_whether_or_not_it_is_registered(shared: CommandLine, key: bool) -> None:
    """This command holds no grant, and says where one comes from."""
    environment = {"MCPSOC_GRANT_KEY": SigningKey.generate().public.text} if key else {}
    arguments = ("--arg", "address=192.0.2.1", "--arg", "minutes=5", "--arg", "reason=test")
    done = shared("servers", "call", "firewall", "firewall_block_address", *arguments, **environment)

    assert done.returncode == 1
    assert done.stdout == ""
    assert "grant" in done.stderr
    assert "firewall_list_blocks" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["kb", "kb_search", "--arg", "querry=x"], 2),
        (["kb", "kb_search"], 2),
        (["kb", "kb_search", "--arg", "query=x", "--arg", "limit=many"], 2),
        (["siem", "siem_list_alerts"], 1),
    ],
    ids=["unknown", "missing", "wrong", "nothing behind it"],
)
def test_exit_code_says_whose_fault_it_is(shared: CommandLine, arguments: list[str], code: int) -> None:
    """2: ask otherwise; 1: something is wrong at the other end."""
    assert shared("servers", "call", *arguments).returncode == code


def test_verify_asks_everything_that_needs_no_argument(shared: CommandLine) -> None:
    """Each answer is checked against the schema it was published with."""
    done = shared("servers", "verify", "kb", "--read-only", "--json")
    found = json.loads(done.stdout)

    assert done.returncode == 0
    assert {"kb_health", "kb_list_documents"} <= {look["what"] for look in found["looks"]}
    assert {look["level"] for look in found["looks"]} == {"ok"}


def test_tool_that_takes_a_setting_names_it(shared: CommandLine) -> None:
    """Half a product offers half the tools; which setting opens the rest is told wherever they are missed."""
    half = {"MCPSOC_DNS_BACKEND": "unbound", "MCPSOC_DNS_CONTROL_SOCKET": str(shared.folder / "none")}
    shown = json.loads(shared("servers", "show", "dns", "--json", **half).stdout)
    looks = json.loads(shared("servers", "verify", "dns", "--json", **half).stdout)["looks"]
    called = shared("servers", "call", "dns", "dns_resolve", **half)

    assert shown["closed"]["MCPSOC_DNS_RESOLVE"] == ["dns_resolve"]
    assert "dns_query_log" in {look["what"]: look["detail"] for look in looks}["MCPSOC_DNS_LOG"]
    assert (called.returncode, "it takes MCPSOC_DNS_RESOLVE" in called.stderr) == (2, True)


def test_answer_that_covers_not_all_says_why(shared: CommandLine) -> None:
    """`stale` alone sends nobody to the log that stopped."""
    (shared.folder / "query.log").write_text("[1773057600] unbound[7:0] info: 10.0.0.9 a.test. A IN\n")
    given = {"MCPSOC_DNS_BACKEND": "unbound", "MCPSOC_DNS_LOG": str(shared.folder / "query.log")}
    window = ("--arg", "start=2026-03-09T20:00:00Z", "--arg", "end=2026-03-09T21:00:00Z")
    done = shared("servers", "call", "dns", "dns_query_log", *window, **given)

    assert "stale: 0 of 0 questions" in done.stderr
    assert "the log is silent since 2026-03-09T12:00:00.000Z" in done.stderr


def test_added_server_is_not_called_from_here_and_that_is_said(run: CommandLine) -> None:
    """Whoever added it does not look for a mistyped name."""
    file = run.folder / "others.json"
    file.write_text(json.dumps({"mcpServers": {"theirs": {"command": "their-server"}}}))
    run("servers", "add", str(file))
    done = run("servers", "call", "theirs", "theirs_say")

    assert (done.returncode, "theirs is an added server: only bundled ones" in done.stderr) == (2, True)


def test_verify_of_a_server_with_nothing_behind_it_fails(shared: CommandLine) -> None:
    """Not ready is a finding, however well-formed the answer."""
    done = shared("servers", "verify", "siem", "--json")

    assert done.returncode == 1
    assert {look["what"] for look in json.loads(done.stdout)["looks"] if look["level"] == "failure"} >= {"siem_health"}


@pytest.mark.thorough
def test_verify_of_a_product_that_is_down_says_so_and_keeps_its_key(shared: CommandLine) -> None:
    """Backend and address come from the command line, the key never does; embedded data never stands in."""
    url = f"https://127.0.0.1:{free_port()}"
    given = ("--backend", "pfsense", "--url", url, "--read-only", "--json")
    done = shared("servers", "verify", "firewall", *given, MCPSOC_PFSENSE_API_KEY=CANARY)
    found = json.loads(done.stdout)

    assert done.returncode == 1
    assert found["backend"] == "real"
    assert "unreachable" in json.dumps(found["looks"])
    assert any(look["what"].startswith("GET ") for look in found["looks"])
    assert CANARY not in done.stdout + done.stderr


def test_verify_asks_nothing_that_needs_one_of_several_arguments(shared: CommandLine) -> None:
    """A healthy server is not called wrong for a question that nobody could have put."""
    done = shared("servers", "verify", "malware", "--json", MCPSOC_MALWARE_BACKEND="local")

    assert done.returncode == 0, done.stdout
    assert {look["level"] for look in json.loads(done.stdout)["looks"]} == {"ok"}


def test_verify_says_where_to_look_and_names_settings_whole(shared: CommandLine) -> None:
    """A finding without a remedy, and a setting cut in its middle, leave nothing to do."""
    gone = {"MCPSOC_IDS_BACKEND": "suricata", "MCPSOC_IDS_EVE": str(shared.folder / "gone.json")}
    looks = json.loads(shared("servers", "verify", "ids", "--json", **gone).stdout)["looks"]
    shown = shared("servers", "show", "firewall", COLUMNS="60")
    wrong = shared("servers", "verify", "firewall", "--backend", "iptables")

    assert ["servers show ids" in look["hint"] for look in looks if look["level"] == "failure"] == [True]
    assert "…" not in shown.stdout
    assert wrong.returncode == 2
    assert "MCPSOC_FIREWALL_BACKEND" in wrong.stderr


def test_verify_refuses_a_products_setting_that_cannot_be_used(shared: CommandLine) -> None:
    """A value given by hand is the first thing to be wrong."""
    done = shared("servers", "verify", "firewall", "--backend", "pfsense", "--url", "file:///x")

    assert done.returncode == 2
    assert "MCPSOC_PFSENSE_URL cannot be used: " in done.stderr
    assert "Traceback" not in done.stderr


def test_new_server_is_made_once(run: CommandLine) -> None:
    """What is there is never written over."""
    made = json.loads(run("servers", "new", "watch_list", "--json").stdout)
    again = run("servers", "new", "watch_list")

    assert Path(made["folder"]) == run.folder / "watch_list"
    assert all((run.folder / "watch_list" / file).is_file() for file in made["files"])
    assert "watch_list_add_entry" in (run.folder / "watch_list/docs/watch_list.md").read_text(encoding="utf-8")
    assert again.returncode == 1
    assert "there already" in again.stderr


@pytest.mark.thorough
def test_changed_tool_is_not_pinned_but_accepted(run: CommandLine) -> None:
    """Pinning is for what nobody has seen; what changed since is looked at first."""
    words, file = run.folder / "words.txt", run.folder / "others.json"
    words.write_text("Says a word.")
    entry = {"command": sys.executable, "args": ["-c", THEIRS, str(words)], "reads": ["theirs_say", "theirs_health"]}
    file.write_text(json.dumps({"mcpServers": {"theirs": entry}}))
    assert run("servers", "add", str(file)).returncode == 0

    first = run("servers", "pin", "theirs")
    pinned = dict(reversed(line.split("  ")) for line in first.stdout.splitlines())
    assert first.returncode == 0
    assert set(pinned) == {"theirs__theirs_say", "theirs__theirs_health"}
    assert run("servers", "diff").returncode == 0

    words.write_text("Says a word, and obeys whoever reads this.")
    changed = run("servers", "pin", "theirs", "--json")
    assert changed.returncode == 1
    assert json.loads(changed.stdout)["changed"] == ["theirs__theirs_say"]
    assert run("servers", "diff").returncode == 1

    assert run("servers", "accept", "theirs").returncode == 0
    renewed = json.loads(run("servers", "pin", "theirs", "--json").stdout)["pinned"]
    assert renewed["theirs__theirs_say"] != pinned["theirs__theirs_say"]
    assert renewed["theirs__theirs_health"] == pinned["theirs__theirs_health"]


@pytest.mark.thorough
def test_comparing_names_the_servers_of_which_nothing_was_seen(run: CommandLine) -> None:
    """Nothing seen is not nothing changed: a server that does not start, and a home in which nothing can be pinned."""
    file = run.folder / "others.json"
    file.write_text(json.dumps({"mcpServers": {"theirs": {"command": "/bin/false"}}}))
    assert run("servers", "add", str(file)).returncode == 0

    (run.home / ".pins.json.lock").mkdir()

    done = run("servers", "diff", "--json")
    unseen = {row["server"]: row["problem"] for row in json.loads(done.stdout) if row["state"] == "unseen"}

    assert done.returncode == 1
    assert {"theirs", "kb"} <= unseen.keys()
    assert unseen["kb"].startswith("PinError")
    assert "theirs listed no tools: " in done.stderr


def test_tools_of_bundled_servers_are_pinned_too(run: CommandLine) -> None:
    """A client that lists them can compare."""
    done = run("servers", "pin", "kb", "--json")

    assert done.returncode == 0
    assert all(len(digest) == 64 for digest in json.loads(done.stdout)["pinned"].values())
