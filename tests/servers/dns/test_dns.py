"""The dns server over the lab: questions, profiles, and sinkholes that the lab reacts to."""

from datetime import timedelta
from pathlib import Path

import pytest

from servers.dns.server import build
from servers.dns.settings import DnsSettings
from servers.lab.world import Lab
from tests.servers.acting import Analyst, analyst, part
from tests.servers.lab.tables import value

DAY = {"start": "2026-03-09T00:00:00Z", "end": "2026-03-09T14:00:00Z"}


def dns(home: Path, lab: Path) -> Analyst:
    """The dns server of a lab."""
    return analyst(build, DnsSettings(backend="unbound"), home, lab)


@pytest.fixture
def server(whole_lab: Path, tmp_path: Path) -> Analyst:
    """Over a lab nobody changes."""
    return dns(tmp_path, whole_lab)


def tunnel(lab: Path) -> str:
    """The domain with the most different names below it."""
    sql = """SELECT json_extract(fields, '$."dns.question.registered_domain"') AS d FROM events WHERE source = 'dns'
             AND d NOT IN (SELECT domain FROM known_domains)
             GROUP BY d ORDER BY count(DISTINCT json_extract(fields, '$."dns.question.name"')) DESC LIMIT 1"""
    return value(lab, sql)


async def test_questions_of_a_domain_are_those_the_summary_counts(server: Analyst, whole_lab: Path) -> None:
    """Numbers of a report come from the summary, its rows from the log."""
    domain = tunnel(whole_lab)
    log = await server.asks("query_log", domain=domain, limit=5, **DAY)
    summary = await server.asks("summarise_queries", domain=domain, by="client", **DAY)
    of_client = await server.asks(
        "query_log", domain=domain, client=part(summary, "data", "groups", 0, "client"), limit=1, **DAY
    )

    assert part(log, "total") == part(summary, "data", "queries")
    assert part(of_client, "total") == part(summary, "data", "groups", 0, "queries")
    assert str(part(log, "data", "queries", 0, "dns.question.name")).endswith(domain)
    assert "$.queries[*]['dns.question.name']" in str(log["untrusted"])


async def test_profile_tells_a_tunnel_from_a_service(server: Analyst, whole_lab: Path) -> None:
    """Long random labels below a domain are what it is for; nothing of it is a verdict."""
    odd = await server.asks("profile_domain", domain=tunnel(whole_lab))
    usual = await server.asks("profile_domain", domain="login.keel-apps.example")

    assert int(str(part(odd, "data", "randomness_below"))) > 40
    assert int(str(part(odd, "data", "longest_label"))) >= 30
    assert part(usual, "data", "randomness_below") == 0
    assert int(str(part(usual, "data", "clients"))) > 10
    assert "proves nothing" in str(part(odd, "data", "meaning"))


async def test_lookalike_of_an_own_domain_is_named(server: Analyst) -> None:
    """Phishing takes a name that a reader does not tell from ours."""
    found = await server.asks("profile_domain", domain="ha1den.example")
    own = await server.asks("profile_domain", domain="mail.halden.example")

    assert (part(found, "data", "lookalike_of"), part(found, "data", "lookalike_how")) == (
        "halden.example",
        "same_to_the_eye",
    )
    assert "lookalike_of" not in str(own["data"])


async def test_sinkhole_is_read_back_listed_and_lapses_by_the_labs_clock(own_lab: Path, tmp_path: Path) -> None:
    """A domain nobody releases is answered again in the end, and the lab's clients got no answer meanwhile."""
    server, domain = dns(tmp_path, own_lab), tunnel(own_lab)
    planned = await server.plans("sinkhole_domain", domain=domain, minutes=30, reason="drill")
    before = await server.asks("check_domain", domain=f"a.{domain}")
    done = await server.does("sinkhole_domain", domain=domain, minutes=30, reason="drill")
    after = await server.asks("check_domain", domain=f"a.{domain}")
    listed = await server.asks("list_sinkholes")
    with Lab.open(own_lab) as lab:
        lab.advance(timedelta(minutes=31))
    lapsed = await server.asks("check_domain", domain=domain)

    assert part(planned, "action", "guards") == []
    assert "clients asked" in str(part(planned, "action", "blast_radius"))
    assert (part(done, "action", "verified"), part(done, "action", "expiry")) == (True, "lapse")
    assert [part(each, "data", "sinkholed") for each in (before, after, lapsed)] == [False, True, False]
    assert part(listed, "data", "sinkholes", 0, "domain") == domain


@pytest.mark.parametrize("domain", ["halden.example", "example", "co.uk", "keel-apps.example", "www.halden.example"])
async def test_what_everybody_needs_is_never_sinkholed(own_lab: Path, tmp_path: Path, domain: str) -> None:
    """A grant does not open our own names, what is above them, suffixes, or services in daily use."""
    server = dns(tmp_path, own_lab)
    refused = await server.does("sinkhole_domain", domain=domain, minutes=30, reason="drill")
    listed = await server.asks("list_sinkholes")

    assert (refused["status"], part(refused, "error", "code")) == ("refused", "protected_target")
    assert listed["total"] == 0


async def test_released_domain_is_answered_again(own_lab: Path, tmp_path: Path) -> None:
    """Whoever releases twice is told."""
    server, domain = dns(tmp_path, own_lab), tunnel(own_lab)
    await server.does("sinkhole_domain", domain=domain, minutes=30, reason="drill")
    released = await server.does("unsinkhole_domain", domain=domain, reason="drill is over")
    again = await server.does("unsinkhole_domain", domain=domain, reason="drill is over")

    assert (part(released, "data", "change"), part(released, "action", "verified")) == ("released", True)
    assert part(again, "data", "change") == "was not sinkholed"


async def test_names_leave_the_house_nowhere_in_the_lab(server: Analyst) -> None:
    """A tool a backend cannot serve is not there."""
    assert "dns_resolve" not in server.server.tools
