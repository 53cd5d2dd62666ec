"""The directory's reads over a lab with every story."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from servers.identity.server import build
from servers.identity.settings import IdentitySettings
from servers.kit import SecurityServer
from tests.servers.lab.tables import first, rows
from tests.servers.parts import over_lab

WEEK = {"start": "2026-03-02T14:00:00Z", "end": "2026-03-09T14:00:00Z"}


@pytest.fixture(scope="module")
def identity(whole_lab: Path) -> SecurityServer:
    """The directory."""
    return build(over_lab(whole_lab), IdentitySettings())


@pytest.fixture(scope="module")
def signs(whole_lab: Path) -> list[dict[str, JsonValue]]:
    """Every sign-in of the lab, read without the server."""
    sql = "SELECT fields FROM events WHERE category = 'authentication' AND source IN ('idp', 'dc-security')"
    return [json.loads(fields) for (fields,) in rows(whole_lab, sql)]


async def test_sign_ins_of_a_sprayed_account_hold_those_attempted_at_it(
    identity: SecurityServer, signs: list[dict[str, JsonValue]]
) -> None:
    """A failed sign-in has no user, only a name that somebody typed."""
    names = [event["user.target.name"] for event in signs if event.get("user.target.name")]
    name = max(set(names), key=lambda item: (names.count(item), str(item)))
    mine = [event for event in signs if name in (event.get("user.name"), event.get("user.target.name"))]

    envelope = await identity.call("identity_list_signins", {"account": name, **WEEK})

    data = json.loads(json.dumps(envelope["data"]))
    assert envelope["total"] == len(mine)
    assert data["failures"] == sum(event["event.outcome"] == "failure" for event in mine) > 0


async def test_sign_ins_from_an_address_page_without_loss(
    identity: SecurityServer, signs: list[dict[str, JsonValue]]
) -> None:
    """Totals speak of everything, pages add up to it."""
    addresses = [str(event.get("source.ip")) for event in signs]
    address = max(sorted(set(addresses)), key=addresses.count)
    seen: list[str] = []
    cursor: JsonValue = None
    for _ in range(100):
        envelope = await identity.call(
            "identity_list_signins", {"source_ip": address, "limit": 30, "cursor": cursor, **WEEK}
        )
        data = json.loads(json.dumps(envelope["data"]))
        seen += [event["event.id"] for event in data["signins"]]
        if (cursor := envelope["next_cursor"]) is None:
            break

    assert len(seen) == len(set(seen)) == addresses.count(address) == data["failures"] + data["successes"]


async def test_account_is_found_by_any_of_its_names(identity: SecurityServer, whole_lab: Path) -> None:
    """Alerts name accounts with domain, in capitals or by security id."""
    sql = "SELECT a.name, a.sid, p.email FROM accounts a JOIN people p ON p.id = a.person WHERE a.kind = 'user' LIMIT 1"
    name, sid, email = first(whole_lab, sql)
    found = [
        json.loads(json.dumps((await identity.call("identity_get_account", {"account": who}))["data"]))["account"][
            "name"
        ]
        for who in (name, sid, email, f"HALDEN\\{name.upper()}")
    ]

    assert found == [name] * 4


async def test_members_of_a_privileged_group_are_accounts(identity: SecurityServer) -> None:
    """Groups tell what an account may do."""
    groups = json.loads(json.dumps((await identity.call("identity_list_groups", {"limit": 200}))["data"]))["groups"]
    group = next(item for item in groups if item["privileged"] and item["members"])
    members = await identity.call("identity_list_members", {"group": group["name"]})
    nobody = await identity.call("identity_get_account", {"account": "nobody-at-all"})

    assert members["total"] == group["members"]
    assert nobody["status"] == "no_data"
