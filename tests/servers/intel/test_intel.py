"""Intelligence and the registers over a lab with every story."""

import json
from pathlib import Path

import pytest

from servers.intel.server import build
from servers.intel.settings import IntelSettings
from servers.kit import SecurityServer
from tests.servers.lab.tables import value
from tests.servers.parts import over_lab


@pytest.fixture(scope="module")
def intel(whole_lab: Path) -> SecurityServer:
    """The intel server."""
    return build(over_lab(whole_lab), IntelSettings())


async def test_unknown_indicator_is_no_data_and_never_clean(intel: SecurityServer) -> None:
    """A feed that has not seen something has not cleared it."""
    envelope = await intel.call("intel_lookup", {"indicator": "never-seen.example"})

    assert envelope["status"] == "no_data"
    assert "benign" not in json.dumps(envelope)


async def test_address_that_no_feed_knows_still_tells_whose_it_is(intel: SecurityServer, whole_lab: Path) -> None:
    """Hosting or a private line is worth knowing before anything else is."""
    sql = "SELECT ip FROM addresses WHERE meaning = 'hosting' AND ip NOT IN (SELECT indicator FROM intel) LIMIT 1"
    envelope = await intel.call("intel_lookup", {"indicator": value(whole_lab, sql)})
    data = json.loads(json.dumps(envelope["data"]))

    assert envelope["status"] == "no_data"
    assert (data["verdict"], data["network"]["meaning"]) == ("unknown", "hosting")


async def test_known_indicator_names_its_feeds(intel: SecurityServer, whole_lab: Path) -> None:
    """Who says so matters as much as what is said."""
    envelope = await intel.call("intel_lookup", {"indicator": value(whole_lab, "SELECT indicator FROM intel LIMIT 1")})
    data = json.loads(json.dumps(envelope["data"]))

    assert data["sources"][0]["confidence"] == data["confidence"]
    assert envelope["status"] == "success"


async def test_register_knows_files_and_names_below_its_domains(intel: SecurityServer, whole_lab: Path) -> None:
    """The operator's own word closes more cases than any feed."""
    digest = value(whole_lab, "SELECT sha256 FROM known_files LIMIT 1")
    domain = value(whole_lab, "SELECT domain FROM known_domains LIMIT 1")
    answers = [
        json.loads(json.dumps((await intel.call("intel_check_known", {"value": value}))["data"]))
        for value in (digest.upper(), f"a.b.{domain}", f"{domain}.evil.example")
    ]

    assert [answer["known"] for answer in answers] == [True, True, False]
    assert [answer.get("register") for answer in answers] == ["known_files", "known_domains", None]
    assert answers[0]["registered_by"]
