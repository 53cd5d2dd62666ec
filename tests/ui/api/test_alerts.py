"""Alerts over HTTP: what is accepted, what is told about the rest, and what became of them."""

import json
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from agent.intake.inbox import Inbox
from agent.models import JsonObject
from agent.response.users import add_user
from knowledge.trust.audit import AuditLog
from ui.api.keyring import local_token
from ui.api.limits import guard
from ui.api.settings import Settings
from ui.home import Home

URL = "http://127.0.0.1:8642"


@dataclass(frozen=True)
class Door:
    """The intake with nothing behind it."""

    home: Home
    app: FastAPI
    inbox: Inbox

    def client(self, token: str) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {token}"}
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=URL, headers=headers)


@pytest.fixture
def settings() -> Settings:
    return Settings(inbox_max_waiting=1000)


@pytest.fixture
async def door(tmp_path: Path, settings: Settings) -> AsyncIterator[Door]:
    home, app = Home(tmp_path / "home").make(), FastAPI()
    guard(app, home, settings, "ana")
    with closing(app.state.inbox):
        yield Door(home, app, app.state.inbox)


@pytest.fixture
async def siem(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """A service that sends alerts."""
    async with door.client(add_user(door.home.users, "siem", ("service",))) as client:
        yield client


@pytest.fixture
async def ana(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """The person who runs it."""
    async with door.client(local_token(door.home)) as client:
        yield client


def alert(number: int) -> JsonObject:
    return {
        "timestamp": "2026-11-18T07:00:00.000+0000",
        "rule": {"level": 5, "description": "one sign-in failed", "id": "5716", "groups": ["syslog", "sshd"]},
        "agent": {"id": f"{number:03d}", "name": f"host-{number}"},
        "id": f"1795075111.{number}",
        "decoder": {"name": "sshd"},
        "data": {"srcip": f"10.41.20.{number}", "dstuser": "kim"},
        "location": "/var/log/auth.log",
    }


FLOW: JsonObject = {"event_type": "flow", "timestamp": "2026-11-18T07:00:00.000000+0000", "src_ip": "10.0.0.1"}


@pytest.mark.parametrize("form", ["object", "array", "lines", "pretty"])
async def test_forms_of_a_request(door: Door, siem: httpx.AsyncClient, form: str) -> None:
    """Products post one alert, a batch, or a file's lines."""
    bodies = {
        "object": json.dumps(alert(1)),
        "array": json.dumps([alert(1), alert(2)]),
        "lines": f"{json.dumps(alert(1))}\n\n{json.dumps(alert(2))}\n",
        "pretty": json.dumps([alert(1), alert(2)], indent=1),
    }

    answer = await siem.post("/alerts", content=bodies[form])

    count = 1 if form == "object" else 2
    assert answer.status_code == 202
    assert [(item["index"], item["status"], item["duplicate"]) for item in answer.json()["alerts"]] == [
        (index, "queued", False) for index in range(count)
    ]
    assert door.inbox.counts("site").queued == count
    assert [row.sender for row in door.inbox.listed("queued", "site")] == ["siem"] * count


async def test_each_item_is_answered_for_itself(door: Door, siem: httpx.AsyncClient) -> None:
    """One broken alert costs its sender one alert, and says which and why."""
    lines = [json.dumps(alert(1)), "not json", "[1]", json.dumps(FLOW), '{"id": 7}', json.dumps(alert(1))]

    answer = await siem.post("/alerts", content="\n".join(lines))

    items = answer.json()["alerts"]
    assert answer.status_code == 202
    assert [item["status"] for item in items] == ["queued", "refused", "refused", "context", "refused", "queued"]
    assert [bool(item.get("reason")) for item in items] == [False, True, True, True, True, False]
    assert (items[5]["id"], items[5]["duplicate"]) == (items[0]["id"], True)
    assert door.inbox.counts("site").queued == 1


@pytest.mark.parametrize("body", ["", "[]", "null", "nonsense", '{"no": "alert"}', "[[1]]", '{"a": NaN}', "\x00\xff"])
async def test_request_without_an_alert_is_refused(door: Door, siem: httpx.AsyncClient, body: str) -> None:
    """A sender that is told 202 believes that it was understood."""
    answer = await siem.post("/alerts", content=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "no_alert")
    assert door.inbox.counts("site").queued == 0


async def test_request_with_nothing_but_context_is_fine(siem: httpx.AsyncClient) -> None:
    """A sensor that ships everything must not send its flows for ever."""
    assert (await siem.post("/alerts", content=json.dumps(FLOW))).status_code == 202


async def test_format_of_the_path_is_not_guessed(door: Door, siem: httpx.AsyncClient) -> None:
    """And one that does not fit is refused at the door."""
    fits = await siem.post("/alerts/wazuh", json=alert(1))
    other = await siem.post("/alerts/elastic", json=alert(2))
    unknown = await siem.post("/alerts/splunk", json=alert(3))

    assert [answer.status_code for answer in (fits, other, unknown)] == [202, 422, 422]
    (row,) = door.inbox.listed("queued", "site")
    assert row.format == "wazuh"


async def test_idempotency_key_makes_a_retry_the_same_request(door: Door, siem: httpx.AsyncClient) -> None:
    """A sender that stamps each attempt does not make two alerts of one; items of a batch stay apart."""
    headers = {"idempotency-key": "batch-1"}
    first = await siem.post("/alerts", json=[alert(1), alert(2)], headers=headers)
    again = await siem.post("/alerts", json=[{**alert(1), "sent": 2}, {**alert(2), "sent": 2}], headers=headers)

    ids = [[item["id"] for item in answer.json()["alerts"]] for answer in (first, again)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2
    assert [item["duplicate"] for item in again.json()["alerts"]] == [True, True]
    assert (await siem.post("/alerts", json=alert(3), headers={"idempotency-key": "k" * 201})).status_code == 422


async def test_key_of_one_request_never_meets_a_part_of_another(siem: httpx.AsyncClient) -> None:
    """An alert would be lost that was told to be accepted."""
    await siem.post("/alerts", json=[alert(1), alert(2)], headers={"idempotency-key": "a"})
    other = await siem.post("/alerts", json=alert(3), headers={"idempotency-key": "a/1"})

    assert other.json()["alerts"][0]["duplicate"] is False


async def test_key_order_and_spaces_do_not_make_another_alert(siem: httpx.AsyncClient) -> None:
    """A relay that writes JSON anew sends the same alert."""
    first = await siem.post("/alerts", content=json.dumps(alert(1)))
    again = await siem.post("/alerts", content=json.dumps(dict(reversed(alert(1).items())), indent=3))

    assert again.json()["alerts"][0] == {**first.json()["alerts"][0], "duplicate": True}


async def test_sender_may_ask_what_became_of_its_own_alert_only(
    door: Door, siem: httpx.AsyncClient, ana: httpx.AsyncClient
) -> None:
    """A sensor's token tells nothing about what others sent."""
    own = (await siem.post("/alerts", json=alert(1))).json()["alerts"][0]["id"]
    other = (await ana.post("/alerts", json=alert(2))).json()["alerts"][0]["id"]

    answers = [await siem.get(f"/alerts/{number}") for number in (own, other, 999)]
    assert [answer.status_code for answer in answers] == [200, 403, 403]
    assert (await ana.get(f"/alerts/{own}")).json()["sender"] == "siem"
    assert (await ana.get("/alerts/999")).status_code == 404
    assert door.inbox.counts("site").queued == 2


async def test_inbox_shows_what_failed_and_queues_it_again(
    door: Door, siem: httpx.AsyncClient, ana: httpx.AsyncClient
) -> None:
    """An alert that was given up is seen and can be rescued; who did that is in the audit log."""
    number = (await siem.post("/alerts", json=alert(1))).json()["alerts"][0]["id"]
    door.inbox.lease("w1", "site")
    door.inbox.failed(number, "w1", "broken \x1b[2J by \u202eevil", final=True)

    shown = (await ana.get("/inbox")).json()
    retried = await ana.post(f"/inbox/{number}/retry")
    again = await ana.post(f"/inbox/{number}/retry")

    assert (shown["counts"]["failed"], [item["id"] for item in shown["failed"]]) == (1, [number])
    assert "\x1b" not in shown["failed"][0]["reason"]
    assert "\u202e" not in shown["failed"][0]["reason"]
    assert [answer.json()["status"] for answer in (retried, again)] == ["queued", "queued"]
    with closing(AuditLog(door.home.audit)) as audit:
        events = [(entry.actor, entry.event) for entry in audit.entries("default")]
    assert events == [("ana", "inbox.retried")]


async def test_refusal_is_audited_with_the_name(door: Door, siem: httpx.AsyncClient) -> None:
    """A sensor that reads cases is a sensor somebody has taken over."""
    assert (await siem.get("/inbox")).status_code == 403

    with closing(AuditLog(door.home.audit)) as audit:
        (entry,) = audit.entries("default")
    assert (entry.actor, entry.event, entry.data) == (
        "siem",
        "api.refused",
        {"permission": "case.read", "path": "/inbox"},
    )


async def test_alerts_of_the_simulated_enterprise_need_one(ana: httpx.AsyncClient) -> None:
    """A row nobody can ever work on would wait for ever."""
    answer = await ana.post("/alerts", params={"world": "lab"}, json=alert(1))

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_world")


class TestFullInbox:
    """While too much waits, senders are told to wait as well."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(inbox_max_waiting=3)

    async def test_full_inbox_refuses_and_says_when_to_come_back(self, siem: httpx.AsyncClient, door: Door) -> None:
        """The alert stays with its sender instead of filling the disk."""
        first = await siem.post("/alerts", json=[alert(number) for number in range(3)])
        second = await siem.post("/alerts", json=alert(9))

        assert (first.status_code, second.status_code) == (202, 429)
        assert int(second.headers["retry-after"]) > 0
        assert door.inbox.counts("site").queued == 3
