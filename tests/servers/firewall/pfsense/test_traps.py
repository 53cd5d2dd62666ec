"""Each known trap of the pfSense REST API: the simulator has it, and the client does not fall into it."""

import ssl
from datetime import timedelta
from ipaddress import ip_network

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from servers.errors import ToolError
from servers.firewall.pfsense.client import Entry
from servers.firewall.pfsense.settings import privileges
from servers.firewall.pfsense.simulator_world import World, alias, rule, state
from tests.servers.firewall.pfsense.conftest import Certificates, Site

BAD = ip_network("203.0.113.5")
HOUR = timedelta(hours=1)


def raw(site: Site, method: str, path: str, **more: object) -> httpx.Response:
    """A request as a careless client or another admin sends it; not held against the documents."""
    trust = ssl.create_default_context(cafile=site.certificates.authority)
    with httpx.Client(verify=trust, headers={"x-api-key": "good"}, trust_env=False) as client:
        answer = client.request(method, f"{site.url}/api/v2{path}", **more)
    site.world.recorded.pop()
    return answer


def named(world: World, name: str) -> dict[str, list[str]]:
    """An alias of the box."""
    return next(each for each in world.aliases if each["name"] == name)


def test_1_an_id_that_moves_between_look_and_write_changes_no_other_alias(site: Site) -> None:
    """Ids are places in a list: another admin's deletion must not turn our block into a change of theirs."""
    site.world.before_write = lambda world: world.aliases.insert(0, alias("NEW", "network"))

    with pytest.raises(ToolError, match="400"):
        site.box().append(Entry("203.0.113.5/32", "one"))

    assert all(each["address"] == [] for each in site.world.aliases)
    site.world.before_write = lambda world: None
    site.box().append(Entry("203.0.113.5/32", "one"))
    assert named(site.world, "MCPSOC_BLOCK")["address"] == ["203.0.113.5/32"]


def test_2_unknown_members_are_dropped_and_known_ones_are_strict(site: Site) -> None:
    """A typing error is not reported by the box, so that the client sends only what it reads back."""
    given = {"id": 1, "adress": ["203.0.113.5/32"]}
    assert raw(site, "PATCH", "/firewall/alias", json=given).status_code == 200
    assert named(site.world, "MCPSOC_BLOCK")["address"] == []
    assert raw(site, "PATCH", "/firewall/alias", json={"id": 1, "address": "203.0.113.5"}).status_code == 400
    site.world.go_live()

    site.backend().blocks.block(BAD, HOUR, "drill")

    sent = {name for each in site.world.recorded if each.method == "PATCH" for name in each.body}
    assert sent == {"id", "name", "address", "detail", "append", "apply"}


def test_3_a_block_returns_when_it_is_live_and_an_apply_that_hangs_is_an_error(site: Site) -> None:
    """The box says success before the packet filter knows anything."""
    raw(site, "PATCH", "/firewall/alias", json={"id": 0, "address": ["192.0.2.9/32"], "apply": True})
    assert site.world.tables["LAN_HOSTS"] == []
    site.box().settle()
    assert site.world.tables["LAN_HOSTS"] == ["192.0.2.9"]

    site.backend().blocks.block(BAD, HOUR, "drill")
    assert site.world.tables["MCPSOC_BLOCK"] == ["203.0.113.5"]

    site.world.stuck = True
    with pytest.raises(ToolError) as refusal:
        site.box(apply_timeout_s=0.2).remove(["203.0.113.5/32"])
    assert refusal.value.code == "not_applied"


def test_4_two_blocks_for_the_same_reason_have_texts_of_their_own(site: Site) -> None:
    """An equal text is not appended, and from then on each text stands beside the wrong address."""
    for address in ("192.0.2.7/32", "192.0.2.8/32"):
        body = {"id": 0, "address": [address], "detail": ["same"], "append": True}
        raw(site, "PATCH", "/firewall/alias", json=body)
    assert named(site.world, "LAN_HOSTS")["detail"][1] != "same"
    site.world.go_live()

    blocks = site.backend().blocks
    for last in (5, 6, 7):
        blocks.block(ip_network(f"203.0.113.{last}"), HOUR, "same reason")
    blocks.unblock(ip_network("203.0.113.6"))

    held = named(site.world, "MCPSOC_BLOCK")
    assert held["address"] == ["203.0.113.5/32", "203.0.113.7/32"]
    assert len(set(held["detail"])) == 2
    assert all(text.startswith("mcpsoc ") for text in held["detail"])
    with pytest.raises(ToolError, match="its own"):
        site.box().append(Entry("203.0.113.9/32", held["detail"][0]))


def test_5_reads_carry_no_content_type(site: Site) -> None:
    """With one and no body the box ignores the query: the wrong alias, or every connection, would be meant."""
    careless = raw(site, "GET", "/firewall/aliases?name=MCPSOC_BLOCK", headers={"Content-Type": "application/json"})
    assert len(careless.json()["data"]) == 2

    box = site.box()
    assert box.alias().name == "MCPSOC_BLOCK"
    site.backend().states.states(BAD)

    assert [each.content_type for each in site.world.recorded] == [None] * 3


def test_6_a_log_that_kills_its_endpoint_is_an_error_and_never_an_empty_answer(site: Site) -> None:
    """Nothing found and could not look are not the same."""
    site.world.log_dies = True
    with pytest.raises(ToolError) as refusal:
        site.box().log(100, 0)
    assert refusal.value.code == "log_unreadable"
    assert all("limit" in each.query for each in site.world.recorded)


def test_7_names_are_short_and_an_alias_in_use_stays(site: Site) -> None:
    """The setting is held to the box's rules before the box is asked."""
    for name in ("a" * 32, "with-dash", ""):
        assert raw(site, "POST", "/firewall/alias", json={"name": name, "type": "host"}).status_code == 400
        with pytest.raises(ValidationError):
            site.settings(alias=name)
    assert raw(site, "POST", "/firewall/alias", json={"name": "MCPSOC_BLOCK", "type": "host"}).status_code == 400
    assert raw(site, "DELETE", "/firewall/alias?id=1").status_code == 409
    empty = raw(site, "PATCH", "/firewall/alias", json={"id": 0, "address": ["192.0.2.9/32"]})
    assert empty.json()["data"]["detail"][0].startswith("Entry added")


def test_8_ending_connections_of_one_address_leaves_its_longer_namesakes(site: Site) -> None:
    """203.0.113.5 begins the text of 203.0.113.50 as well; and the box gives 100 rows unless told otherwise."""
    site.world.states = [state(f"203.0.113.5:{port}", "10.0.0.9:443") for port in range(1, 151)]
    site.world.states += [state("203.0.113.50:1", "10.0.0.9:443"), state("10.0.0.9:1", "203.0.113.5:80")]
    states = site.backend().states

    assert len(states.states(BAD)) == 151
    assert states.kill(BAD) == 151
    assert [each["source"] for each in site.world.states] == ["203.0.113.50:1"]


def test_8_connections_over_ipv6_that_the_box_cannot_end_are_not_said_to_have_ended(site: Site) -> None:
    """The box cuts the address at its first colon: it answers success, and the connection goes on."""
    site.world.states = [state("2001:db8::5[443]", "2001:db8:1::2[22]")]
    states = site.backend().states
    target = ip_network("2001:db8::5")

    assert states.kill(target) == 0
    assert states.states(target)[0].source_port == 443


@pytest.mark.parametrize(("version", "tries"), [("v2.7.1", False), ("2.8.0", True), ("v2.10.0", True), ("dev", False)])
def test_9_a_dry_run_is_asked_of_versions_that_know_it(site: Site, version: str, tries: bool) -> None:
    """An older one drops the word and blocks for real."""
    site.world.api_version = version if version != "dev" else "v2.10.0"
    box = site.backend()
    if version == "dev":
        site.world.api_version = "v0.0.0"

    assert box.blocks.try_block(BAD, HOUR, "drill") is tries

    assert any(each.method == "PATCH" for each in site.world.recorded) is tries
    assert named(site.world, "MCPSOC_BLOCK")["address"] == []
    assert site.world.pending == set()


def test_9_the_older_version_would_have_blocked(site: Site) -> None:
    """What the version check saves from."""
    site.world.api_version = "v2.7.1"
    raw(site, "PATCH", "/firewall/alias", json={"id": 1, "address": ["203.0.113.5/32"], "dry_run": True})
    assert named(site.world, "MCPSOC_BLOCK")["address"] == ["203.0.113.5/32"]


def test_10_a_certificate_of_an_unknown_authority_is_refused(site: Site, certificates: Certificates) -> None:
    """There is no way to switch the check off: who makes the key travel must be the box."""
    with pytest.raises(ToolError) as refusal:
        site.box(ca_file=None).version()
    assert refusal.value.code == "unreachable"
    assert site.world.recorded == []
    assert site.box().version() == "2.8.1-RELEASE"
    with pytest.raises(ValidationError):
        site.settings(url=site.url.replace("https", "http"))


def test_11_a_key_that_may_only_read_is_told_so(site: Site) -> None:
    """The least privilege suffices for reading; a block is refused by the box, said as such and not tried again."""
    site.world.keys["reader"] = frozenset(privileges("read"))
    box = site.backend(api_key=SecretStr("reader"))
    assert box.probe().startswith("pfSense 2.8.1-RELEASE")
    assert box.blocks.entries() == []

    with pytest.raises(ToolError) as refusal:
        box.blocks.block(BAD, HOUR, "drill")

    assert refusal.value.code == "forbidden"
    assert "allowed" in refusal.value.message
    assert [each.status for each in site.world.recorded].count(403) == 1


def test_11_the_listed_privileges_are_enough(site: Site) -> None:
    """No more than what the docs ask for is used by any call."""
    site.world.keys["least"] = frozenset(privileges("read", "block"))
    site.world.states = [state("203.0.113.5:1", "10.0.0.9:443")]
    box = site.backend(api_key=SecretStr("least"))

    box.blocks.try_block(BAD, HOUR, "drill")
    box.blocks.block(BAD, HOUR, "drill")
    assert box.blocks.covering(BAD) is not None
    assert box.blocks.unblock(BAD)
    assert box.own(BAD) == ()
    assert {each.status for each in site.world.recorded} == {200}


def test_12_a_refused_key_is_sent_once(site: Site) -> None:
    """The login protection shuts this machine out after a few failures, people who log in from it included."""
    box = site.backend(api_key=SecretStr("wrong"))
    for _ in range(5):
        with pytest.raises(ToolError) as refusal:
            box.blocks.entries()
        assert refusal.value.code == "unauthorised"
    assert site.world.failures == 1
    assert not site.world.locked_out

    for _ in range(2):
        raw(site, "GET", "/firewall/aliases", headers={"x-api-key": "wrong"})
    assert raw(site, "GET", "/firewall/aliases").status_code == 401


def test_13_what_others_set_on_the_alias_stays(site: Site) -> None:
    """A PATCH that carries defaults would overwrite them."""
    site.world.aliases[1] = alias("MCPSOC_BLOCK", "network", {"198.18.0.0/24": "by hand"}) | {"descr": "keep me"}
    site.world.go_live()
    box = site.backend()

    box.blocks.block(BAD, HOUR, "drill")
    box.blocks.unblock(BAD)

    assert named(site.world, "MCPSOC_BLOCK") == alias("MCPSOC_BLOCK", "network", {"198.18.0.0/24": "by hand"}) | {
        "descr": "keep me"
    }
    assert site.world.rules == [rule("MCPSOC_BLOCK", "source"), rule("MCPSOC_BLOCK", "destination")]
