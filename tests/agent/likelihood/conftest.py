"""Alerts as Wazuh writes them, from the few things that matter."""

from collections.abc import Callable

import pytest

from agent.intake import parse
from agent.models import Alert, JsonObject

WazuhMaker = Callable[..., Alert]


def escaped(text: str) -> str:
    return (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")
    )


def sysmon(code: str, *, groups: tuple[str, ...] = (), techniques: tuple[str, ...] = ("T1059",), **data: str) -> Alert:
    """A Sysmon event of that id under a detection rule; `data` are the event's fields."""
    return windows(
        code,
        channel="Microsoft-Windows-Sysmon/Operational",
        groups=(*groups, "sysmon", f"sysmon_eid{code}_detections", "windows"),
        techniques=techniques,
        **data,
    )


def windows(
    code: str, *, channel: str, groups: tuple[str, ...], techniques: tuple[str, ...] = (), **data: str
) -> Alert:
    """A Windows event under a Wazuh rule."""
    body: JsonObject = {key: escaped(value) for key, value in data.items()}
    return wazuh(
        groups=groups,
        techniques=techniques,
        data={"win": {"system": {"eventID": code, "channel": channel}, "eventdata": body}},
    )


def wazuh(
    *,
    groups: tuple[str, ...],
    techniques: tuple[str, ...] = (),
    fired: int = 1,
    log: str = "",
    data: JsonObject | None = None,
    syscheck: JsonObject | None = None,
) -> Alert:
    """Any Wazuh alert."""
    raw: JsonObject = {
        "timestamp": "2025-03-01T10:00:00Z",
        "agent": {"id": "1", "name": "h"},
        "rule": {
            "id": "1",
            "description": "d",
            "groups": list(groups),
            "mitre": {"id": list(techniques)},
            "firedtimes": fired,
        },
        "decoder": {"name": "x"},
        "full_log": log,
    }
    if data is not None:
        raw["data"] = data
    if syscheck is not None:
        raw["syscheck"] = syscheck
    return parse(raw, world="site", ordinal=1)


@pytest.fixture
def make_wazuh() -> WazuhMaker:
    return wazuh


@pytest.fixture
def make_sysmon() -> WazuhMaker:
    return sysmon


@pytest.fixture
def make_windows() -> WazuhMaker:
    return windows
