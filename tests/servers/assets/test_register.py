"""The site's register of authorised work: its file, and how the assets server answers from it."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from servers.assets.register import read_register
from servers.assets.server import build
from servers.assets.settings import AssetsSettings
from servers.bundle import bundled
from servers.errors import RegisterError
from servers.kit import SecurityServer
from servers.settings import Settings
from tests.servers.parts import parts_of

AT = "2026-11-21T10:00:00Z"
ENTRY: dict[str, JsonValue] = {
    "id": "AW-0001",
    "kind": "pentest",
    "title": "Spring test",
    "approver": "A. Head",
    "approved_at": "2026-11-01T09:00:00Z",
    "window_start": "2026-11-21T08:00:00Z",
    "window_end": "2026-11-21T18:00:00Z",
    "hosts": ["Shop.example"],
    "accounts": ["CORP\\Kim"],
    "source_addresses": ["2001:DB8:0:0::1", "203.0.113.9"],
    "techniques": ["T1190"],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A register with one entry."""
    path = tmp_path / "authorisations.json"
    path.write_text(json.dumps([ENTRY]))
    return path


@pytest.fixture
def assets(file: Path) -> SecurityServer:
    """The server over that register."""
    return build(parts_of(file.parent), AssetsSettings())


def enter(path: Path, text: str) -> None:
    """Put this in place of the register."""
    path.write_text(text)


async def listed(server: SecurityServer, **asked: JsonValue) -> list[JsonValue]:
    """Ids of the entries that touch what is asked."""
    envelope = await server.call("assets_list_authorised_work", {"at": AT, **asked})
    assert envelope["ok"], envelope["error"]
    assert isinstance(envelope["data"], dict)
    work = envelope["data"]["work"]
    return [entry["id"] for entry in work if isinstance(entry, dict)] if isinstance(work, list) else []


async def test_site_answers_from_its_own_register(file: Path) -> None:
    """Made as the command line makes it: a real backend, nothing synthetic, nothing untrusted."""
    server = bundled(None, file.parent / "knowledge", Settings(home=file.parent))["assets"]
    envelope = await server.call("assets_list_authorised_work", {"at": AT, "account": "kim", "host": "other"})

    assert envelope["status"] == "success"
    assert isinstance(envelope["source"], dict)
    assert (envelope["source"]["backend"], envelope["source"]["synthetic"]) == ("real", False)
    assert envelope["untrusted"] == []
    assert json.loads(json.dumps(envelope["data"]))["work"] == [
        {
            **ENTRY,
            "approved_at": "2026-11-01T09:00:00.000Z",
            "window_start": "2026-11-21T08:00:00.000Z",
            "window_end": "2026-11-21T18:00:00.000Z",
            "source_addresses": ["2001:db8::1", "203.0.113.9"],
            "note": "",
            "revoked": False,
        }
    ]


@pytest.mark.parametrize(
    "asked",
    [
        {"host": "SHOP"},
        {"host": "shop.example"},
        {"host": "shop.elsewhere.example"},
        {"account": "kim@corp.example"},
        {"account": "OTHER\\KIM"},
        {"address": "2001:db8::1"},
        {"address": "[2001:0db8::0001]"},
        {"address": "::ffff:203.0.113.9"},
        {"technique": "T1190"},
        {},
    ],
)
async def test_entry_is_found_by_any_spelling(assets: SecurityServer, asked: dict[str, JsonValue]) -> None:
    """Products spell names as they like, and a near miss that is not found is not shown."""
    assert await listed(assets, **asked) == ["AW-0001"]


@pytest.mark.parametrize(
    "asked",
    [
        {"host": "shopper.example"},
        {"host": "203.0.113.9"},
        {"account": "kimberly"},
        {"account": "corp"},
        {"address": "203.0.113.90"},
        {"address": "2001:db8::10"},
        {"technique": "T1110"},
    ],
)
async def test_entry_is_not_found_by_what_it_does_not_name(assets: SecurityServer, asked: dict[str, JsonValue]) -> None:
    """Part of a name is another name."""
    assert await listed(assets, **asked) == []


@pytest.mark.parametrize(
    ("at", "found"),
    [
        ("2026-11-20T08:00:00Z", ["AW-0001"]),
        ("2026-11-20T07:59:59Z", []),
        ("2026-11-22T18:00:00Z", ["AW-0001"]),
        ("2026-11-22T18:00:01Z", []),
    ],
)
async def test_window_within_a_day_is_near(assets: SecurityServer, at: str, found: list[JsonValue]) -> None:
    """The wrong hour is a near miss worth seeing; last month's entry is not."""
    assert await listed(assets, at=at, host="shop") == found


async def test_what_is_entered_while_the_server_runs_counts(assets: SecurityServer, file: Path) -> None:
    """A watch runs for weeks; a revocation has to reach it at once."""
    assert await listed(assets) == ["AW-0001"]
    enter(file, json.dumps([{**ENTRY, "id": "AW-0002"}]))

    assert await listed(assets) == ["AW-0002"]


async def test_absent_file_is_an_empty_register(tmp_path: Path) -> None:
    """Nothing was ever entered: looked properly, and there is none."""
    server = build(parts_of(tmp_path), AssetsSettings())
    envelope = await server.call("assets_list_authorised_work", {"at": AT, "host": "shop"})
    health = await server.call("assets_health", {})

    assert (envelope["ok"], envelope["status"], envelope["total"]) == (True, "no_data", 0)
    assert json.loads(json.dumps(health["data"]))["ready"] is True


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "JSON"),
        (json.dumps([ENTRY, {**ENTRY, "hostnames": ["x"]}]), "1.hostnames"),
        (json.dumps([{**ENTRY, "source_addresses": ["203.0.113.0/24"]}]), "network"),
        (json.dumps([{**ENTRY, "techniques": ["Exploit"]}]), "techniques"),
        (json.dumps([{**ENTRY, "window_start": "2026-11-21T08:00:00"}]), "timezone"),
        (json.dumps([{**ENTRY, "window_end": ENTRY["window_start"]}]), "ends before"),
        (json.dumps([{**ENTRY, "hosts": [], "accounts": [], "source_addresses": []}]), "at least one"),
    ],
)
async def test_broken_register_is_an_error_that_names_file_and_fix(file: Path, content: str, reason: str) -> None:
    """Broken is not empty: an entry that cannot be read might be the revocation."""
    enter(file, content)
    envelope = await build(parts_of(file.parent), AssetsSettings()).call("assets_list_authorised_work", {"at": AT})
    told = json.loads(json.dumps(envelope["error"]))

    assert (envelope["ok"], envelope["status"], envelope["data"]) == (False, "error", None)
    assert told["code"] == "register_broken"
    assert [text for text in (file.name, reason, "backup") if text not in told["message"]] == []


def test_register_that_cannot_be_opened_is_not_empty(tmp_path: Path) -> None:
    """Only a file that is not there stands for nothing entered."""
    folder = tmp_path / "authorisations.json"
    folder.mkdir()

    with pytest.raises(RegisterError, match=r"authorisations\.json"):
        read_register(folder)


async def test_site_without_an_inventory_says_so(assets: SecurityServer) -> None:
    """An unknown host is not the same as nobody to ask, and nobody to ask is no failure."""
    for tool, asked in (
        ("assets_resolve", {"identifier": "shop"}),
        ("assets_neighbours", {"host": "shop"}),
        ("assets_list_software", {"host": "shop"}),
        ("assets_list_vulnerabilities", {"host": "shop"}),
    ):
        envelope = await assets.call(tool, dict(asked))
        assert envelope["status"] == "refused", tool
        assert json.loads(json.dumps(envelope["error"]))["code"] == "no_product", tool


def test_tools_are_the_same_over_lab_and_site(tmp_path: Path) -> None:
    """One home serves both worlds: a definition accepted in one must not be a changed one in the other."""
    settings = Settings(home=tmp_path)
    lab, site = (bundled(path, tmp_path, settings)["assets"] for path in (tmp_path / "lab.db", None))

    assert lab.published == site.published
