"""What the service describes and lists: its own routes, its servers, its knowledge; complete without the internet."""

import re

import pytest

from tests.ui.api.conftest import Api

LAB = {"world": "lab"}
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_page_that_shows_the_api_is_complete_without_the_internet(reading: Api) -> None:
    """A SOC is often cut off, and a script from elsewhere would run with our session."""
    async with reading.as_(None) as nobody:
        page = await nobody.get("/docs")
        places = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        parts = [await nobody.get(place) for place in places]

    assert "http:" not in page.text
    assert "https:" not in page.text
    assert len(places) == 4
    assert all(place.startswith("/docs/") for place in places)
    assert all(part.status_code == 200 and part.content for part in parts)
    assert "default-src 'self'" in page.headers["content-security-policy"]


async def test_no_other_file_of_the_package_is_served(reading: Api) -> None:
    """The name comes from the address."""
    for name in ("index.j2", "..%2f__init__.py", "swagger-ui.js.map"):
        assert (await reading.ana.get(f"/docs/{name}")).status_code == 404


async def test_the_description_says_that_a_token_is_needed(reading: Api) -> None:
    """Otherwise the page's Authorize button sends none."""
    shown = (await reading.ana.get("/docs/openapi.json")).json()
    real = (await reading.ana.get("/openapi.json")).json()

    assert real["security"] == [{"HTTPBearer": []}]
    assert real["openapi"].startswith("3.1")
    assert shown == {**real, "openapi": "3.0.3"}


async def test_servers_tell_their_state_and_tools(reading: Api) -> None:
    """What the analyst may ask, and what it may not."""
    servers = {item["name"]: item for item in (await reading.ana.get("/servers", params=LAB)).json()["servers"]}

    assert {"siem", "kb", "mcpsoc"} <= set(servers)
    assert all(item["state"] == "ready" and item["bundled"] for item in servers.values())
    assert all(tool["standing"] == "usable" for item in servers.values() for tool in item["tools"])


async def test_knowledge_is_searched_and_read(reading: Api) -> None:
    """A hit opens."""
    hits = (await reading.ana.get("/knowledge", params={**LAB, "q": "password spraying", "limit": 3})).json()["hits"]
    section = await reading.ana.get(f"/knowledge/sections/{hits[0]['id'].replace('#', '%23')}", params=LAB)
    documents = (await reading.ana.get("/knowledge/documents", params=LAB)).json()["documents"]
    unknown = await reading.ana.get("/knowledge/sections/nothing", params=LAB)

    assert 0 < len(hits) <= 3
    assert section.json()["title"] == hits[0]["title"]
    assert hits[0]["title"] in [document["title"] for document in documents]
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "no_section")
