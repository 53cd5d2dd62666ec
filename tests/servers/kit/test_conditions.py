"""What an operator permits: which tools there are, what clients are told of them, and what is logged."""

import json
import os
import resource
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge.trust.grants import SpentNonces
from knowledge.trust.keys import SigningKey
from servers.bundle import bundled
from servers.errors import ConfigurationError
from servers.kit import Conditions, Gate
from servers.kit.actions import ActionStore
from servers.kit.calls import Call, CallLog
from servers.settings import Settings
from tests.servers.conftest import Connect
from tests.servers.kit.shelf import Served, Shelf, serve

KEY = SigningKey.generate()


def gate() -> Gate:
    """A gate with a register of its own."""
    spent = SpentNonces()
    return Gate(KEY.public, "lab", lambda: spent)


def shelf(tmp_path: Path, conditions: Conditions) -> Served:
    """A shelf under conditions."""
    return serve(Shelf(tmp_path / "shelf"), conditions=conditions, key=KEY)


def lines(folder: Path) -> list[dict[str, object]]:
    """What the log of calls holds."""
    return [json.loads(line) for file in sorted(folder.iterdir()) for line in file.read_text().splitlines()]


async def test_read_only_registers_no_change_and_wins_over_everything(tmp_path: Path) -> None:
    """An operator who says read-only must not have to check what else was set."""
    names = frozenset({"shelf_put", "shelf_take", "shelf_list"})
    served = shelf(tmp_path, Conditions(gate=gate(), allow=names, read_only=True))
    answer = await served.server.call("shelf_put", {"name": "a"})

    assert set(served.server.tools) == {"shelf_list", "shelf_health"}
    assert (answer["status"], served.shelf.acted) == ("error", [])


def test_lists_take_tools_away_and_health_stays(tmp_path: Path) -> None:
    """Denied wins over allowed, and an operator can always ask how a server is."""
    allowed = shelf(tmp_path, Conditions(allow=frozenset({"shelf_list"})))
    denied = shelf(
        tmp_path, Conditions(gate=gate(), deny=frozenset({"shelf_put"}), allow=frozenset({"shelf_put", "shelf_take"}))
    )

    assert set(allowed.server.tools) == {"shelf_list", "shelf_health"}
    assert set(denied.server.tools) == {"shelf_take", "shelf_health"}


@pytest.mark.parametrize("setting", ["tools_allow", "tools_deny"])
def test_listed_tool_that_nobody_has_stops_the_start(tmp_path: Path, setting: str) -> None:
    """A mistyped denial permits what it was meant to forbid."""
    with pytest.raises(ConfigurationError, match=r"did you mean 'firewall_block_address'\?"):
        bundled(None, tmp_path, Settings(home=tmp_path, **{setting: "siem_list_alerts, firewall_block_adress"}))


def test_tools_of_read_only_servers_and_of_our_own_may_be_listed(tmp_path: Path) -> None:
    """A denial that is right today must not stop the start when the key is taken away."""
    servers = bundled(None, tmp_path, Settings(home=tmp_path, tools_deny="firewall_block_address,mcpsoc_list_cases"))

    assert "firewall_block_address" not in servers["firewall"].tools


def test_settings_between_commas_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Operators write lists as they write them elsewhere."""
    monkeypatch.setenv("MCPSOC_TOOLS_DENY", " siem_timeline ,kb_search,")
    monkeypatch.setenv("MCPSOC_PROTECTED_ADDRESSES", "192.0.2.1, 2001:db8::/64")
    settings = Settings(home=tmp_path)

    assert settings.tools_deny == ("siem_timeline", "kb_search")
    assert [str(each) for each in settings.protected_addresses] == ["192.0.2.1/32", "2001:db8::/64"]


async def test_clients_are_told_honestly_what_a_tool_does(tmp_path: Path, connect: Connect) -> None:
    """Other clients ask people, retry and cache by these hints."""
    async with connect(shelf(tmp_path, Conditions(gate=gate())).server) as session:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
    hints = {
        name: (each.readOnlyHint, each.destructiveHint, each.idempotentHint, each.openWorldHint)
        for name, tool in tools.items()
        if (each := tool.annotations) is not None
    }

    assert hints == {
        "shelf_list": (True, False, True, False),
        "shelf_ask_outside": (True, False, True, True),
        "shelf_health": (True, False, True, False),
        "shelf_put": (False, True, False, False),
        "shelf_take": (False, False, False, False),
    }
    assert tools["shelf_put"].meta == {
        "mcpsoc/class": "change",
        "mcpsoc/risk": "high",
        "mcpsoc/undo": "shelf_take",
        "mcpsoc/expiry": "lapse",
    }
    assert tools["shelf_list"].meta == {"mcpsoc/class": "read"}


async def test_every_call_leaves_one_line_also_when_it_failed_or_was_refused(tmp_path: Path) -> None:
    """Who asked what, and what came of it, has to be there afterwards."""
    served = shelf(tmp_path, Conditions(gate=gate(), calls=CallLog(tmp_path / "calls")))
    await served.act("shelf_put", name="a")
    await served.server.call("shelf_put", {"name": "b"})
    await served.server.call("shelf_put", {"name": "c"}, meta={"mcpsoc/mode": "plan"})
    await served.server.call("shelf_list", {})
    await served.server.call("shelf_list", {"nmae": "x"})
    await served.server.call("shelf_nothing", {})
    written = lines(tmp_path / "calls")

    assert [(line["tool"], line["kind"], line["status"], line["code"]) for line in written] == [
        ("shelf_put", "execute", "success", None),
        ("shelf_put", "execute", "refused", "grant_refused"),
        ("shelf_put", "plan", "success", None),
        ("shelf_list", "read", "success", None),
        ("shelf_list", "read", "error", "unknown_argument"),
        ("shelf_nothing", "read", "error", "unknown_tool"),
    ]
    assert [bool(line["action_id"]) for line in written] == [True, False, False, False, False, False]
    file = next((tmp_path / "calls").iterdir())
    assert file.name == f"{datetime.now(UTC):%Y-%m-%d}.jsonl"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


async def test_log_holds_no_secret_no_long_text_and_no_second_line(tmp_path: Path) -> None:
    """Arguments come from outside; the log is read by people and programs."""
    served = shelf(tmp_path, Conditions(calls=CallLog(tmp_path / "calls")))
    nasty = {
        "token": "hunter2-hunter2",
        "note": "Authorization: Bearer abcdef0123456789",
        "long": "x" * 90_000,
        "list": [{"password": "hunter3-hunter3"}] * 2_000,
        "lines": "a\nb\u2028c\x1b[31m",
    }
    await served.server.call("shelf_list", nasty)
    text = next((tmp_path / "calls").iterdir()).read_text()

    assert text.count("\n") == 1
    assert len(text) < 3_000
    assert not [word for word in ("hunter2", "hunter3", "abcdef0123456789", "\x1b", "\u2028") if word in text]


async def test_log_that_is_moved_away_goes_on_in_a_new_file(tmp_path: Path) -> None:
    """Whoever keeps or removes a log does not have to stop the servers for it, and no file stays open."""
    served = shelf(tmp_path, Conditions(calls=CallLog(tmp_path / "calls")))
    await served.server.call("shelf_list", {})
    first = next((tmp_path / "calls").iterdir())
    first.rename(tmp_path / "kept.jsonl")
    await served.server.call("shelf_nothing", {})

    assert [json.loads(path.read_text())["tool"] for path in (tmp_path / "kept.jsonl", first)] == [
        "shelf_list",
        "shelf_nothing",
    ]


async def test_log_that_cannot_be_written_fails_no_call_and_shows_in_health(tmp_path: Path) -> None:
    """A full disk must not blind the analyst, and nobody should find out weeks later."""
    (tmp_path / "calls").write_text("no folder")
    served = shelf(tmp_path, Conditions(calls=CallLog(tmp_path / "calls")))
    answer = await served.server.call("shelf_list", {})
    broken = await served.server.call("shelf_health", {})
    (tmp_path / "calls").unlink()
    await served.server.call("shelf_list", {})
    mended = await served.server.call("shelf_health", {})

    assert answer["status"] == "success"
    assert "log of calls cannot be written" in json.dumps(broken["data"])
    assert "log of calls" not in json.dumps(mended["data"])


def test_line_that_a_full_disk_cuts_off_spoils_no_other(tmp_path: Path) -> None:
    """The first call after somebody made room is recorded too, and until then health says what is missing."""
    log = CallLog(tmp_path)
    call = Call("shelf", "shelf_list", {}, "read", "success", None, 1.0)
    log.add(call)
    file = next(tmp_path.iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 20, limits[1]))
    try:
        log.add(call)
        problem = log.problem
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    log.add(call)
    log.add(call)

    whole, cut, *later = file.read_text().splitlines()
    assert problem is not None
    assert log.problem is None
    assert len(cut) == 20
    assert [json.loads(line)["tool"] for line in (whole, *later)] == ["shelf_list"] * 3


def test_log_is_a_file_or_a_problem(tmp_path: Path) -> None:
    """What is written into a pipe that nobody reads is gone."""
    os.mkfifo(tmp_path / f"{datetime.now(UTC):%Y-%m-%d}.jsonl")
    log = CallLog(tmp_path)
    log.add(Call("shelf", "shelf_list", {}, "read", "success", None, 1.0))

    assert log.problem is not None


async def test_grant_whose_use_cannot_be_written_down_changes_nothing(tmp_path: Path) -> None:
    """It could be used again. That is told as what it is, and nothing is sent."""
    spent = SpentNonces(tmp_path / "nonces.db")
    conditions = Conditions(gate=Gate(KEY.public, "lab", lambda: spent), actions=ActionStore(tmp_path / "actions.db"))
    served = shelf(tmp_path, conditions)
    with closing(sqlite3.connect(tmp_path / "nonces.db")) as broken:
        broken.execute("DROP TABLE nonces")
    answer = await served.act("shelf_put", name="a")

    assert (answer["status"], served.shelf.acted) == ("error", [])
    assert isinstance(answer["error"], dict)
    assert answer["error"]["code"] == "no_record"
