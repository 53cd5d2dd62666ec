"""The assets server is what every server has to be: over the lab, the register alone, and a site's files."""

from pathlib import Path

import pytest

from servers.assets.server import build
from servers.assets.settings import AssetsSettings
from servers.kit.answer import JsonObject
from servers.kit.conformance import assert_conformant
from tests.servers.assets.site import PLANTED, ours, site
from tests.servers.parts import over_lab, parts_of

EXAMPLES: dict[str, JsonObject] = {
    "assets_resolve": {"identifier": "shop"},
    "assets_search": {"zone": "hall"},
    "assets_list_services": {"host": "shop"},
    "assets_tag": {"asset": "till", "tag": "suspect", "reason": "drill"},
    "assets_untag": {"asset": "till", "tag": "suspect", "reason": "drill"},
    "assets_run_scan": {"network": "198.51.100.5", "reason": "drill"},
}


async def test_over_the_lab(whole_lab: Path) -> None:
    """Bounds and hostile arguments."""
    await assert_conformant(
        build(over_lab(whole_lab), AssetsSettings()), again=lambda: build(over_lab(whole_lab), AssetsSettings())
    )


@pytest.mark.thorough
async def test_over_the_register_alone(tmp_path: Path) -> None:
    """As a site without an inventory has it."""
    await assert_conformant(build(parts_of(tmp_path), AssetsSettings()))


@pytest.mark.thorough
async def test_over_files(tmp_path: Path) -> None:
    """Nothing is tagged or scanned without a grant, and a lost inventory is an error."""
    settings = site(tmp_path, scan_networks="198.51.100.0/28", nmap="/nowhere/nmap")
    tags, scans = tmp_path / "asset-tags.json", tmp_path / "scans"

    def dies() -> None:
        (tmp_path / "assets.csv").unlink()
        (scans / "monday.xml").unlink()
        scans.rmdir()
        tags.write_text("{")
        (tmp_path / "authorisations.json").write_text("{")

    await assert_conformant(
        ours(tmp_path, settings).server,
        examples=EXAMPLES,
        planted=[PLANTED],
        again=lambda: ours(tmp_path, settings).server,
        state=lambda: (tags.exists(), sorted(scans.iterdir())),
        dies=dies,
    )
