"""The intel server is what every server has to be, over each of its products."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from servers.intel.misp.simulator import World, simulator
from servers.intel.server import build
from servers.intel.settings import IntelSettings
from servers.kit.answer import JsonObject
from servers.kit.conformance import assert_conformant
from tests.servers.acting import analyst
from tests.servers.intel.feed import ADDRESS, DOMAIN
from tests.servers.intel.test_stix import site
from tests.servers.serving import served

EXAMPLES: dict[str, JsonObject] = {
    "intel_lookup": {"indicator": ADDRESS},
    "intel_lookup_many": {"indicators": [ADDRESS, DOMAIN]},
    "intel_get_actor": {"name": "QuietLoader"},
    "intel_related": {"stix_id": "malware--00000000-0000-4000-8000-000000000002"},
    "intel_check_known": {"value": "10.1.2.3"},
    "intel_add_indicator": {
        "indicator": "new.example", "verdict": "malicious", "confidence": 50, "days": 3, "reason": "drill",
    },
    "intel_revoke_indicator": {"indicator": "new.example", "reason": "drill"},
    "intel_add_sighting": {"indicator": ADDRESS, "seen_at": "2026-03-09T12:00:00Z", "reason": "drill"},
}  # fmt: skip
CANARY = "canary-7714-misp-key"


@pytest.mark.thorough
async def test_over_the_stix_store(tmp_path: Path) -> None:
    """Bounds, hostile arguments, nothing changed without a grant, an error when the store is gone."""
    known = tmp_path / "own.txt"
    known.write_text("10.1.0.0/16\n")
    server = site(tmp_path, known_lists=(known,)).server
    store = tmp_path / "intel.db"

    def dies() -> None:
        store.unlink()
        known.unlink()

    await assert_conformant(server, examples=EXAMPLES, state=store.read_bytes, dies=dies)


@pytest.mark.thorough
async def test_in_front_of_misp(tmp_path: Path) -> None:
    """The same, over the stand-in, without its key in any answer."""
    world = World(CANARY)
    world.add(ADDRESS, "ip-dst")
    with served(simulator(world)) as url:
        settings = IntelSettings(backend="misp", misp_url=url, misp_key=SecretStr(CANARY))
        server = analyst(build, settings, tmp_path).server
        await assert_conformant(
            server,
            examples={tool: given for tool, given in EXAMPLES.items() if tool in server.tools},
            canaries=[CANARY],
            state=lambda: repr(world.sightings).encode(),
        )
