"""The service about itself: alive, counted, described, and complete without the internet."""

import os
import shutil

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.ui.api.conftest import SITE_ALERT, Api

LAB = {"world": "lab"}


async def numbers(api: Api) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by name and labels."""
    text = (await api.ana.get("/metrics")).text
    families = text_string_to_metric_families(text)
    return {(item.name, tuple(sorted(item.labels.items()))): item.value for one in families for item in one.samples}


async def test_health_needs_no_token_and_tells_of_workers(api: Api) -> None:
    """Whoever watches the service sees whether anybody works on what was accepted."""
    async with api.as_(None) as nobody:
        before = (await nobody.get("/health")).json()
        api.app.state.inbox.seen("worker-1", os.getpid())
        after = (await nobody.get("/health")).json()

    assert (before["status"], before["worlds"], before["worker_seen_at"]) == ("ok", ["site", "lab"], None)
    assert after["worker_seen_at"] is not None


async def test_metrics_count_cases_alerts_and_requests(api: Api) -> None:
    """Names and labels are what dashboards are built on; a route is counted by its template."""
    await api.ana.get("/cases/C-1", params=LAB)
    await api.ana.get("/cases/C-99", params=LAB)
    await api.ana.post("/alerts", json={**SITE_ALERT, "id": "BKP-2"})
    found = await numbers(api)

    assert found["mcpsoc_cases", (("status", "open"), ("world", "lab"))] == 4
    assert found["mcpsoc_inbox_rows", (("status", "queued"), ("world", "site"))] == 1
    for status in ("200", "404"):
        labels = (("method", "GET"), ("route", "/cases/{case_id}"), ("status", status))
        assert found["mcpsoc_http_requests_total", labels] == 1


async def test_metrics_count_questions_and_their_calls(api: Api) -> None:
    """Also when nobody follows the run."""
    thread = (await api.ana.post("/threads", json=LAB)).json()["id"]
    question = {"question": "is sensor edr fresh?"}
    run = (await api.ana.post(f"/threads/{thread}/runs", params=LAB, json=question)).json()["id"]
    async with api.ana.stream("GET", f"/runs/{run}/stream", params=LAB) as stream:
        await stream.aread()
    await api.app.state.watch.settled()
    found = await numbers(api)

    assert found["mcpsoc_chat_runs_total", (("status", "done"), ("world", "lab"))] == 1
    assert found["mcpsoc_tool_calls_total", (("status", "success"), ("world", "lab"))] >= 1


async def test_nothing_in_the_metrics_names_a_case_or_a_person(api: Api) -> None:
    """They are read by systems that may not read cases."""
    case = (await api.ana.get("/cases/C-1", params=LAB)).json()
    await api.ana.get(f"/cases/C-1/evidence/{case['title']}", params=LAB)
    text = (await api.ana.get("/metrics")).text

    assert "C-1" not in text
    assert case["title"] not in text


async def test_a_home_without_a_lab_has_one_world(api: Api) -> None:
    """`mcpsoc demo` was never run, or its folder was removed."""
    shutil.rmtree(api.home.demo.root)
    answer = await api.ana.get("/cases", params=LAB)

    assert [world["world"] for world in (await api.ana.get("/me")).json()["worlds"]] == ["site"]
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_world")
    assert "mcpsoc demo" in answer.json()["error"]["hint"]


async def test_another_demo_takes_the_place_of_the_first(api: Api) -> None:
    """`mcpsoc demo` makes its folder anew while the service runs; nobody wants to see the cases of before."""
    assert (await api.ana.get("/cases", params=LAB)).json()["total"] == 4
    assert (await api.ana.get("/servers", params=LAB)).status_code == 200

    lab = api.home.demo.lab.read_bytes()
    shutil.rmtree(api.home.demo.root)
    api.home.demo.make().lab.write_bytes(lab)

    assert (await api.ana.get("/cases", params=LAB)).json()["total"] == 0
    assert (await api.ana.get("/servers", params=LAB)).status_code == 200
    assert (await api.ana.get("/threads", params=LAB)).json() == {"threads": []}


async def test_a_foreign_page_is_kept_out(api: Api) -> None:
    """A name that somebody points at 127.0.0.1 does not make their page one of ours."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.app), base_url="http://evil.example") as evil:
        assert (await evil.get("/health")).status_code == 403


async def test_servers_are_seen_although_nobody_can_converse(api: Api) -> None:
    """A broken file of conversations costs the conversations."""
    api.home.demo.threads.write_bytes(b"not a database" * 100)

    answer = await api.ana.get("/threads", params=LAB)

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "chat_failed")
    assert (await api.ana.get("/servers", params=LAB)).status_code == 200
    assert (await api.ana.get("/cases", params=LAB)).json()["total"] == 4


async def test_who_may_not_see_cases_is_not_told_how_many_there_are(api: Api) -> None:
    """A sensor's token lies about in configuration files."""
    mine = (await api.ana.get("/me")).json()["worlds"]
    feed = (await api.user("feed").get("/me")).json()["worlds"]

    assert [world["cases"] for world in mine] == [1, 4]
    assert [(world["world"], world["cases"], world["open"]) for world in feed] == [("site", 0, 0), ("lab", 0, 0)]
