"""The ids server is what every server has to be, over the lab and in front of Suricata."""

from pathlib import Path

import pytest

from servers.ids.server import build
from servers.ids.settings import IdsSettings
from servers.kit.answer import JsonObject
from servers.kit.conformance import assert_conformant
from tests.servers.acting import analyst
from tests.servers.ids.packets import capture
from tests.servers.ids.sensor import sensor
from tests.servers.ids.test_sensor import OWN

WINDOW: JsonObject = {"start": "2026-03-09T12:00:00Z", "end": "2026-03-09T14:00:00Z"}
EXAMPLES: dict[str, JsonObject] = {
    "ids_search_alerts": {**WINDOW},
    "ids_summarise_alerts": {**WINDOW},
    "ids_get_flow": {"flow_id": "none"},
    "ids_host_activity": {"ip": "10.50.106.17", **WINDOW},
}


@pytest.mark.thorough
async def test_over_the_lab(own_lab: Path, tmp_path: Path) -> None:
    """Bounds and hostile arguments."""
    server = analyst(build, IdsSettings(), tmp_path, own_lab).server

    await assert_conformant(server, examples=EXAMPLES)


@pytest.mark.thorough
async def test_in_front_of_suricata(tmp_path: Path) -> None:
    """The same, and nothing is changed without a grant."""
    with sensor(tmp_path) as wire:
        path = str(capture(tmp_path / "case.pcap"))
        server = analyst(build, wire.settings, tmp_path).server
        file = tmp_path / "mcpsoc.rules"
        more: dict[str, JsonObject] = {
            "ids_analyse_pcap": {"path": path},
            "ids_test_rule": {"rule": OWN, "path": path},
            "ids_add_indicator": {"kind": "domain", "value": "evil.test", "reason": "drill"},
            "ids_remove_indicator": {"kind": "domain", "value": "evil.test", "reason": "drill"},
            "ids_load_rules": {"rules": [OWN], "reason": "drill"},
        }

        await assert_conformant(server, examples={**EXAMPLES, **more}, state=file.read_bytes)
