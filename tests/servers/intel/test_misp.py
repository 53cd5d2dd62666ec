"""The MISP client and the stand-in for MISP, both held against MISP's published OpenAPI document."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import JsonValue, SecretStr

from servers.errors import ConfigurationError
from servers.intel.misp.client import MOST_PAGES, PAGE
from servers.intel.misp.simulator import Exchange, World, simulator
from servers.intel.server import build
from servers.intel.settings import IntelSettings
from tests.servers.acting import Analyst, analyst, part
from tests.servers.intel.feed import ADDRESS, DIGEST, DOMAIN, PLANTED, URL
from tests.servers.openapi import Document, explored
from tests.servers.serving import served

KEY = "a-key-of-an-automation-user"
SEEN: dict[str, JsonValue] = {"seen_at": "2026-03-09T12:00:00Z", "reason": "in the proxy log"}
PATHS = {
    "/attributes/restSearch": "post",
    "/warninglists/checkValue": "post",
    "/sightings/add": "post",
    "/sightings/index/{eventId}": "get",
    "/servers/getVersion": "get",
}


@pytest.fixture
def world() -> World:
    """What MISP holds."""
    held = World(KEY, warned={"10.1.2.3": ["List of RFC 1918 CIDR blocks"]})
    held.add(ADDRESS, "ip-dst", info=PLANTED, tags=("tlp:amber", "QuietLoader"))
    held.add(f"dropper.exe|{DIGEST}", "filename|sha256")
    held.add(DOMAIN, "domain", to_ids=False)
    held.add("%", "text")
    return held


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """Where it listens."""
    with served(simulator(world)) as address:
        yield address


def site(home: Path, url: str, key: str = KEY) -> Analyst:
    """A server over it."""
    settings = IntelSettings(backend="misp", misp_url=url, misp_key=SecretStr(key))
    return analyst(build, settings, home)


@pytest.fixture
def published(public_data: Path) -> Document:
    """The document."""
    with gzip.open(public_data / "contracts" / "misp-openapi.yaml.gz") as file:
        return Document(yaml.load(file, Loader=yaml.CSafeLoader))


def test_every_exchange_is_as_published(tmp_path: Path, url: str, world: World, published: Document) -> None:
    """What the client sends and what the stand-in answers: a field of our own invention would work here alone."""
    import anyio

    async def everything() -> None:
        intel = site(tmp_path, url)
        for indicator in (ADDRESS, DIGEST, URL):
            await intel.asks("lookup", indicator=indicator)
        await intel.asks("check_known", value="10.1.2.3")
        await intel.asks("health")
        assert part(await intel.does("add_sighting", indicator=ADDRESS, **SEEN), "action", "verified") is True
        await site(tmp_path, url, "wrong").asks("lookup", indicator=ADDRESS)

    anyio.run(everything)

    assert {_template(each.path) for each in world.exchanges} == set(PATHS)
    assert [wrong for each in world.exchanges for wrong in _wrong(published, each)] == []


async def test_attribute_for_detection_is_malicious_and_one_of_context_is_not(tmp_path: Path, url: str) -> None:
    """Events name the good sites too that a victim was on."""
    intel = site(tmp_path, url)
    bad = await intel.asks("lookup", indicator=ADDRESS)
    half = await intel.asks("lookup", indicator=DIGEST)
    context = await intel.asks("lookup", indicator=DOMAIN)
    unknown = await intel.asks("lookup", indicator="never.example")

    assert [part(each, "data", "verdict") for each in (bad, half, context)] == ["malicious", "malicious", "unknown"]
    assert part(bad, "data", "sources", 0, "title") == PLANTED
    assert part(bad, "untrusted") == ["$.sources[*].indicates[*]", "$.sources[*].title"]
    assert "previous" not in str(bad["summary"])
    assert unknown["status"] == "no_data"


async def test_attribute_for_detection_is_found_behind_many_of_context(tmp_path: Path, url: str, world: World) -> None:
    """A much used address stands in hundreds of events; what was not read never counts as harmless."""
    for _ in range(PAGE * MOST_PAGES):
        world.add(DOMAIN, "domain", to_ids=False)
    intel = site(tmp_path, url)
    cut = await intel.asks("lookup", indicator=DOMAIN)
    many = await intel.asks("lookup_many", indicators=[ADDRESS, DOMAIN])
    del world.attributes[PAGE:]
    world.add(DOMAIN, "domain")
    last = await intel.asks("lookup", indicator=DOMAIN)

    assert [each["status"] for each in (cut, many, last)] == ["stale", "stale", "success"]
    assert part(cut, "error", "code") == "not_covered"
    assert part(last, "data", "verdict") == "malicious"
    assert (last["truncated"], last["total"]) == (True, PAGE - 2)


async def test_warning_list_marks_likely_false_positives(tmp_path: Path, url: str) -> None:
    """The cheapest way to fewer false alarms."""
    intel = site(tmp_path, url)
    listed = await intel.asks("check_known", value="10.1.2.3")
    other = await intel.asks("check_known", value=ADDRESS)

    assert (part(listed, "data", "known"), part(other, "data", "known")) == (True, False)
    assert part(listed, "untrusted") == ["$.lists[*]"]


async def test_sighting_is_read_back_and_wants_something_known(tmp_path: Path, url: str, world: World) -> None:
    """The answer of the call alone proves nothing; a grant is needed as for any change."""
    intel = site(tmp_path, url)
    refused = await intel.asks("add_sighting", indicator=ADDRESS, **SEEN)
    noted = await intel.does("add_sighting", indicator=ADDRESS, **SEEN)
    unknown = await intel.does("add_sighting", indicator="never.example", **SEEN)

    assert refused["status"] == "refused"
    assert part(noted, "action", "verified") is True
    assert [each["date_sighting"] for each in world.sightings] == ["1773057600"]
    assert unknown["status"] == "no_data"


async def test_wrong_key_and_no_misp_are_errors_without_the_key(tmp_path: Path, url: str) -> None:
    """Never an empty answer, and never the credential."""
    wrong = await site(tmp_path, url, "wrong-key-5521").asks("lookup", indicator=ADDRESS)
    gone = await site(tmp_path, "http://127.0.0.1:9").asks("lookup", indicator=ADDRESS)

    assert [part(each, "error", "code") for each in (wrong, gone)] == ["forbidden", "unreachable"]
    assert "wrong-key-5521" not in json.dumps(wrong)


def test_misp_without_a_key_stops_the_start(tmp_path: Path) -> None:
    """A server that could only fail is better not there."""
    with pytest.raises(ConfigurationError, match="MCPSOC_INTEL_MISP_KEY"):
        site(tmp_path, "http://127.0.0.1:9", key="")


@pytest.mark.thorough
def test_schemathesis_finds_no_disagreement(tmp_path: Path, published: Document, url: str, world: World) -> None:
    """Thousands of requests nobody thought of: the stand-in answers each as the document says."""
    document = published.document
    document["paths"] = {path: {method: document["paths"][path][method]} for path, method in PATHS.items()}
    known = document["components"]["requestBodies"]["AddSightingsRequest"]["content"]["application/json"]
    known["example"] = {"values": [ADDRESS], "timestamp": "1773057600"}
    explored(tmp_path, document, url, f"Authorization: {KEY}", examples=30)

    assert {_template(each.path) for each in world.exchanges if each.status == 200} == set(PATHS)


def _template(path: str) -> str:
    return re.sub(r"/sightings/index/[^/]*$", "/sightings/index/{eventId}", path)


def _wrong(published: Document, exchange: Exchange) -> Iterator[str]:
    """What of a request and its answer the document does not allow."""
    operation = published.operation(exchange.method, _template(exchange.path))
    if exchange.body is not None:
        schema = _schema(published, operation["requestBody"])
        yield from published.errors(schema, exchange.body)
        if isinstance(exchange.body, dict):
            named = set(published.fields(schema))
            yield from (f"body member {name} is not published" for name in exchange.body if name not in named)
    responses = operation["responses"]
    answer = responses.get(str(exchange.status), responses["default"])
    yield from published.errors(_schema(published, answer), exchange.answer)


def _schema(published: Document, node: JsonValue) -> JsonValue:
    return part(published.resolved(node), "content", "application/json", "schema")
