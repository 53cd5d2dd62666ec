"""The dns server is what every server has to be, over the lab and in front of Unbound."""

from pathlib import Path

import pytest

from servers.dns.server import build
from servers.dns.settings import DnsSettings
from servers.kit.answer import JsonObject
from servers.kit.conformance import assert_conformant
from tests.servers.acting import analyst
from tests.servers.dns.resolver import unbound

WINDOW: JsonObject = {"start": "2026-03-09T12:00:00Z", "end": "2026-03-09T14:00:00Z"}
EXAMPLES: dict[str, JsonObject] = {
    "dns_query_log": {"domain": "keel-apps.example", **WINDOW},
    "dns_summarise_queries": {**WINDOW},
    "dns_profile_domain": {"domain": "keel-apps.example", "days": 1},
    "dns_check_domain": {"domain": "evil.test"},
    "dns_sinkhole_domain": {"domain": "evil.test", "minutes": 5, "reason": "drill"},
    "dns_unsinkhole_domain": {"domain": "evil.test", "reason": "drill"},
}


@pytest.mark.thorough
async def test_over_the_lab(own_lab: Path, tmp_path: Path) -> None:
    """Bounds, hostile arguments, nothing changed without a grant."""
    server = analyst(build, DnsSettings(), tmp_path, own_lab).server

    await assert_conformant(server, examples=EXAMPLES)


@pytest.mark.thorough
async def test_in_front_of_unbound(tmp_path: Path) -> None:
    """The same, and an error when the resolver dies."""
    with unbound(tmp_path) as resolver:
        server = analyst(build, resolver.settings, tmp_path).server
        file, log = tmp_path / "sinkholes.conf", tmp_path / "query.log"

        def dies() -> None:
            resolver.stop()
            log.unlink()

        await assert_conformant(server, examples=EXAMPLES, state=file.read_bytes, dies=dies)
        resolver.start()
