"""Checking a live box: nothing is changed, and what is missing is named with its remedy."""

import pytest
from pydantic import SecretStr

from servers.firewall.pfsense.settings import PfSenseSettings, privileges
from servers.firewall.pfsense.simulator_world import alias
from servers.firewall.pfsense.verify import verify
from tests.servers.firewall.pfsense.conftest import Site

LINE = (
    "Mar  1 10:00:00 fw filterlog[1]: 4,,,1000000103,em0,match,block,in,4,0x0,,64,1,0,DF,17,udp,78,"
    "203.0.113.5,10.0.0.9,1,2,58"
)


def bad(site: Site, **changed: object) -> dict[str, str]:
    """What is not in order, by what was looked at."""
    found = verify(site.settings(**changed))
    return {each.what: f"{each.level}: {each.detail} {each.hint}" for each in found if each.level != "ok"}


def test_a_box_in_order_passes_and_is_only_read(site: Site) -> None:
    """Every read of the contract is tried, no write is."""
    site.world.keys["least"] = frozenset(privileges("read"))
    site.world.log = [LINE]
    assert bad(site, api_key=SecretStr("least")) == {}
    assert {each.method for each in site.world.recorded} == {"GET"}
    assert len({each.path for each in site.world.recorded}) == 11


def test_a_missing_privilege_is_named(site: Site) -> None:
    """The admin adds that one, not page-all."""
    site.world.log = [LINE]
    site.world.keys["few"] = frozenset(privileges("read")) - {"api-v2-firewall-states-get"}
    found = bad(site, api_key=SecretStr("few"))
    assert list(found) == ["GET /api/v2/firewall/states"]
    assert "give its user api-v2-firewall-states-get" in found["GET /api/v2/firewall/states"]


def test_a_refused_key_is_tried_once(site: Site) -> None:
    """The check itself must not lock the admin out."""
    found = bad(site, api_key=SecretStr("wrong"))
    assert len(found) == 1
    assert site.world.failures == 1


def test_an_answer_of_another_shape_is_a_failure(site: Site) -> None:
    """A version nobody has looked at is found out before it is relied on."""
    del site.world.aliases[0]["detail"]
    assert "detail is missing" in bad(site)["GET /api/v2/firewall/aliases"]
    site.world.recorded.clear()


@pytest.mark.parametrize(("changed", "level"), [({"quick": False}, "failure"), ({"ipprotocol": "inet"}, "warning")])
def test_a_box_that_is_not_prepared_is_told_what_to_do(site: Site, changed: dict[str, object], level: str) -> None:
    """A box with IPv4 alone may do without rules for IPv6; without rules for either nothing can be blocked."""
    site.world.rules[0] |= changed
    found = bad(site)["block rules, IPv6"]
    assert found.startswith(f"{level}: as source, its block rule is not")
    assert "two floating rules at the top" in found


def test_a_missing_alias_is_told(site: Site) -> None:
    """Nothing can be blocked without it."""
    site.world.aliases.pop(1)
    assert bad(site)["alias"].startswith("failure")


def test_lines_of_an_unknown_format_and_a_narrow_alias_are_warned_of(site: Site) -> None:
    """They answer, and yet searches and blocks would come to less than they seem."""
    site.world.log = ["2026-03-01 something else"]
    site.world.aliases[1] = alias("MCPSOC_BLOCK", "host")
    assert set(bad(site)) == {"alias", "filter log"}


def test_settings_without_a_box_are_a_finding() -> None:
    """The command has something to say before anything is asked."""
    assert [each.level for each in verify(PfSenseSettings())] == ["failure"]
