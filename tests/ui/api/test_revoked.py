"""Whoever is revoked while a request of theirs is open is told nothing more."""

import asyncio

from starlette.requests import Request

from agent.response.users import revoke_user
from tests.ui.api.conftest import Api
from ui.api.access import is_still
from ui.api.keyring import LOOK_EVERY_S
from ui.api.routes.threads import _told
from ui.api.sessions import identity_of

LAB = {"world": "lab"}


def request_of(api: Api, secret: str) -> Request:
    """A request that shows a secret."""
    headers = [(b"authorization", f"Bearer {secret}".encode())]
    return Request({"type": "http", "app": api.app, "headers": headers, "method": "GET", "path": "/"})


async def test_waiting_request_of_a_revoked_user_tells_nothing(api: Api) -> None:
    """It was allowed when it began; what happens later is no longer theirs to know."""
    last = (await api.ana.get("/events", params=LAB)).json()["last"]
    waiting = asyncio.create_task(api.user("reader").get("/events", params={**LAB, "after": last, "wait_s": 20}))
    await asyncio.sleep(0.1)  # it waits by now
    revoke_user(api.home.users, "reader")
    await asyncio.sleep(LOOK_EVERY_S)
    await api.ana.post("/cases/C-2/notes", params=LAB, json={"text": "secret"})

    answer = await waiting

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_recognised")


async def test_stream_of_a_revoked_user_ends_without_another_word(api: Api) -> None:
    """A run may last for minutes."""
    request = request_of(api, api.tokens["ben"])
    who = identity_of(request)
    ben = api.user("ben")
    thread = (await ben.post("/threads", json=LAB)).json()["id"]
    run = (await ben.post(f"/threads/{thread}/runs", params=LAB, json={"question": "is sensor edr fresh?"})).json()
    chat = await api.app.state.stations.chat("lab")
    told = []

    async for event in _told(chat, run["id"], 0, lambda: is_still(request, who)):
        told.append(event)
        if len(told) == 1:
            revoke_user(api.home.users, "ben")
            await asyncio.sleep(LOOK_EVERY_S)

    assert len(told) == 1
