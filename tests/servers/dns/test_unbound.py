"""The dns server in front of a real Unbound, seen with a client's eyes."""

import asyncio
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from servers.dns.asking import Asking
from servers.dns.control import Control
from servers.dns.server import build
from servers.dns.settings import DnsSettings
from servers.dns.unbound import UnboundSinkholes, ZoneFile
from servers.kit import Protected, ToolError
from tests.servers.acting import Analyst, analyst, part
from tests.servers.dns.resolver import Unbound, unbound
from tests.servers.serving import listening
from tests.servers.waiting import until


@pytest.fixture
def resolver(tmp_path: Path) -> Iterator[Unbound]:
    """A running resolver."""
    with unbound(tmp_path) as found:
        yield found


@pytest.fixture
def server(resolver: Unbound) -> Analyst:
    """The server in front of it."""
    return serve(resolver)


def serve(resolver: Unbound) -> Analyst:
    """A server that accepts grants; the addresses of this machine are protected as anywhere."""
    settings = resolver.settings
    protected = Protected(domains=("protected.test",))
    return analyst(build, settings, resolver.home, protected=protected)


def window() -> dict[str, str]:
    """The last minute and the next."""
    now = datetime.now(UTC)
    return {"start": (now - timedelta(minutes=1)).isoformat(), "end": (now + timedelta(minutes=1)).isoformat()}


async def test_client_gets_no_answer_while_a_domain_is_sinkholed(resolver: Unbound, server: Analyst) -> None:
    """What counts is what a client is told, below the domain too; afterwards it is told as before."""
    said = [(resolver.asked("evil.test"), resolver.asked("www.evil.test"))]
    done = await server.does("sinkhole_domain", domain="Evil.TEST.", minutes=30, reason="c2 of a case")
    said.append((resolver.asked("evil.test"), resolver.asked("www.evil.test")))
    checked = await server.asks("check_domain", domain="www.evil.test")
    listed = await server.asks("list_sinkholes")
    undone = await server.does("unsinkhole_domain", domain="evil.test", reason="case closed")
    said.append((resolver.asked("evil.test"), resolver.asked("www.evil.test")))

    assert said == [("192.0.2.8", "192.0.2.7"), ("NXDOMAIN", "NXDOMAIN"), ("192.0.2.8", "192.0.2.7")]
    assert (done["status"], part(done, "action", "verified")) == ("success", True)
    assert part(checked, "data", "sinkholed") is True
    assert part(listed, "data", "sinkholes", 0, "reason") == "c2 of a case"
    assert part(undone, "action", "verified") is True


async def test_sinkhole_outlives_a_restart_of_the_resolver(resolver: Unbound, server: Analyst) -> None:
    """Local zones of the control channel are gone then; the included file is not."""
    await server.does("sinkhole_domain", domain="evil.test", minutes=30, reason="c2 “quoted”\n; x")
    resolver.stop()
    down = await server.asks("check_domain", domain="evil.test")
    resolver.start()
    listed = await server.asks("list_sinkholes")

    assert resolver.asked("evil.test") == "NXDOMAIN"
    assert (down["status"], part(down, "error", "code")) == ("error", "unreachable")
    assert part(listed, "data", "sinkholes", 0, "in_force") is True


async def test_lost_sinkhole_is_told_and_put_back(resolver: Unbound, server: Analyst) -> None:
    """An Unbound that does not include the file forgets; the list says so instead of claiming it."""
    (resolver.home / "unbound.conf").write_text(
        (resolver.home / "unbound.conf").read_text().replace("include:", "# include:")
    )
    await server.does("sinkhole_domain", domain="evil.test", minutes=30, reason="c2 of a case")
    resolver.stop()
    resolver.start()
    lost = await server.asks("list_sinkholes")
    again = await server.does("sinkhole_domain", domain="evil.test", minutes=30, reason="put back")

    assert (
        part(lost, "data", "sinkholes", 0, "in_force") is False
        or part(lost, "data", "sinkholes", 1, "in_force") is False
    )
    assert part(again, "action", "verified") is True
    assert resolver.asked("evil.test") == "NXDOMAIN"


async def test_sinkhole_lapses_by_itself(resolver: Unbound, server: Analyst) -> None:
    """A domain nobody releases is answered again when its time is over, by whichever server is there then."""
    later = datetime.now(UTC) + timedelta(minutes=2)
    await server.does("sinkhole_domain", domain="evil.test", minutes=1, reason="c2 of a case")
    before = resolver.asked("evil.test")
    changing = serve(resolver).server.changing
    assert changing is not None
    early = await changing.sweep(datetime.now(UTC)), resolver.asked("evil.test")
    late = await changing.sweep(later), resolver.asked("evil.test")

    assert before == "NXDOMAIN"
    assert (early, late) == ((0, "NXDOMAIN"), (0, "192.0.2.8"))


@pytest.mark.parametrize(
    "domain", ["test", "own.test", "mail.own.test", "protected.test", "co.uk", "held.test", "10.in-addr.arpa"]
)
async def test_protected_names_are_refused_with_a_grant(resolver: Unbound, server: Analyst, domain: str) -> None:
    """Ours, what is above ours, suffixes, and zones of the resolver's own configuration."""
    refused = await server.does("sinkhole_domain", domain=domain, minutes=30, reason="c2 of a case")

    assert (refused["status"], part(refused, "error", "code")) == ("refused", "protected_target")
    assert "mcpsoc" not in (resolver.home / "sinkholes.conf").read_text()


async def test_configured_zone_is_not_released(resolver: Unbound, server: Analyst) -> None:
    """Removing a zone that somebody else set would open what he closed."""
    released = await server.does("unsinkhole_domain", domain="held.test", reason="not ours")

    assert part(released, "data", "change") == "was not sinkholed"
    assert resolver.asked("held.test") == "NXDOMAIN"


async def test_questions_are_read_from_the_log_as_it_grows(resolver: Unbound, server: Analyst) -> None:
    """Each question counts once though the log has it twice, and a failed one is a failure."""
    resolver.asked("www.evil.test")
    until(lambda: b"NOERROR" in (resolver.home / "query.log").read_bytes())
    first = await server.asks("query_log", domain="evil.test", **window())
    resolver.asked("none.evil.test")
    until(lambda: b"NXDOMAIN" in (resolver.home / "query.log").read_bytes())
    second = await server.asks("query_log", domain="evil.test", client="127.0.0.1", **window())
    groups = await server.asks("summarise_queries", **window())
    profile = await server.asks("profile_domain", domain="www.evil.test", days=1)

    assert (first["total"], second["total"]) == (1, 2)
    assert part(second, "data", "queries", 1, "dns.response_code") == "NXDOMAIN"
    assert (part(groups, "data", "groups", 0, "names"), part(groups, "data", "groups", 0, "failures")) == (2, 1)
    assert part(profile, "data", "registered_domain") == "evil.test"
    assert profile["status"] == "stale"


async def test_names_are_looked_up_only_where_a_site_wants_it(resolver: Unbound) -> None:
    """A look-up leaves the house; off is the default."""
    settings = DnsSettings(**{**resolver.settings.model_dump(), "resolve": True})
    asking = analyst(build, settings, resolver.home)
    found = await asking.asks("resolve", name="www.evil.test")
    none = await asking.asks("resolve", name="none.evil.test")

    assert "dns_resolve" not in serve(resolver).server.tools
    assert part(found, "data", "answers") == ["192.0.2.7"]
    assert none["status"] == "no_data"


async def test_resolver_that_is_down_is_an_error(resolver: Unbound, server: Analyst) -> None:
    """A product that does not answer is never replaced by the lab, and says nothing about a domain."""
    resolver.stop()
    health = await server.asks("health")
    answers = await asyncio.gather(
        server.asks("list_sinkholes"),
        server.does("sinkhole_domain", domain="evil.test", minutes=5, reason="c2 of a case"),
    )
    resolver.start()

    assert part(health, "data", "ready") is False
    assert [answer["status"] for answer in answers] == ["error", "error"]
    assert (resolver.home / "sinkholes.conf").read_text() == ""


def test_sinkhole_that_the_resolver_refuses_is_not_left_in_its_file(tmp_path: Path) -> None:
    """The resolver's next start would set it, and nothing would know that it has to end."""
    file, port = ZoneFile(tmp_path / "sinkholes.conf"), tmp_path / "control"
    with refusing(port), pytest.raises(ToolError) as refused:
        UnboundSinkholes(Control(port), file, Asking("127.0.0.1", 1)).add("evil.test", datetime.now(UTC), "c2")

    assert refused.value.code == "refused_by_backend"
    assert file.held() == []


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """A control socket that lists no zone and sets none, as that of a resolver without the right to."""

    class Answering(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"" if b"list_local_zones" in self.rfile.readline() else b"error no\n")

    with listening(socketserver.UnixStreamServer(str(path), Answering)):
        yield
