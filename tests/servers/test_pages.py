"""docs/servers says what the servers publish, no more and no less."""

import os
from pathlib import Path

import pytest

from servers.bundle import server_names
from servers.pages.backends import declared, environment
from servers.pages.making import FOLDER, INDEX, differing, pages, write
from servers.pages.manual import kind_of
from servers.pages.options import groups_of, products_of
from servers.pages.tables import table
from servers.pages.unsupported import missing

REMEDY = "run: python -m servers.pages"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Every page as it has to be."""
    return pages()


def test_pages_are_what_the_servers_give(made: dict[str, str]) -> None:
    """A page nobody made anew after a change is wrong."""
    assert differing(FOLDER, made) == (), REMEDY


def test_every_server_has_a_page_and_a_line_in_the_index(made: dict[str, str]) -> None:
    """Nobody finds a server that is listed nowhere."""
    for name in (*server_names(), "mcpsoc"):
        assert made[f"{name}.md"].startswith(f"# {name}\n")
        assert f"[{name}]({name}.md)" in made[INDEX]


def test_page_tells_risk_undo_and_who_wrote_what(made: dict[str, str]) -> None:
    """What an operator decides by before a key is given out."""
    page = made["firewall.md"]

    assert "| `firewall_block_address` | medium | `firewall_unblock_address` | lapses by itself" in page
    assert "possibly an attacker wrote it" in page
    assert "`MCPSOC_FIREWALL_BACKEND`" in page
    assert "Least privilege" in page


def test_tools_that_only_products_have_are_told_with_their_products(made: dict[str, str]) -> None:
    """Whoever chooses a product reads here what it can do, before there is one."""
    page = made["firewall.md"]

    assert "| `firewall_list_rules` |  | yes |  |  | yes |" in page
    assert "### firewall_list_rules\n\nOnly with **nftables**, **pfsense**.\n\nThe firewall's rules" in page
    assert "| `firewall_kill_states` | medium |" in page
    assert "| `firewall_block_address` with **fail2ban**, **pfsense** | medium |" in page
    for tool in ("endpoint_query", "endpoint_list_hosts", "endpoint_kill_process", "endpoint_collect_file"):
        assert f"### {tool}\n" in made["endpoint.md"]
    assert "### dns_resolve\n\nOnly with **unbound**." in made["dns.md"]
    assert "| [firewall](firewall.md) | 5 | 2 | 3 |" in made[INDEX]


def test_tool_that_is_another_one_with_a_product_is_told_twice(made: dict[str, str]) -> None:
    """The same name with other arguments and answers is another promise."""
    whole = made["firewall.md"].partition("### firewall_check_address\n")[2].partition("\n### ")[0]
    usual, _, other = whole.partition("With **nftables**, **crowdsec**, **fail2ban**, **pfsense**:")

    assert "string, ipvanyaddress" in usual
    assert "string, ipvanynetwork" in other
    assert "dropped_packets" in other
    assert "With **" not in usual


def test_every_product_has_settings_that_some_server_reads() -> None:
    """A product without them would be missing on the pages, a mistyped one would lack tools there."""
    known = {setting.name for name in server_names() for group in groups_of(name) for setting in group.settings}

    for name in server_names():
        assert [product.name for product in products_of(name)] == list(declared().get(name, {})), name
    assert {setting for each in declared().values() for given in each.values() for setting in given} <= known


def test_making_pages_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes them in a running program goes on with its own settings."""
    monkeypatch.setenv("MCPSOC_DNS_PORT", "5353")
    with environment({"MCPSOC_DNS_LOG": "x"}):
        assert ("MCPSOC_DNS_PORT" in os.environ, os.environ["MCPSOC_DNS_LOG"]) == (False, "x")

    assert (os.environ["MCPSOC_DNS_PORT"], "MCPSOC_DNS_LOG" in os.environ) == ("5353", False)


def test_what_is_not_supported_is_said_with_what_it_takes(made: dict[str, str]) -> None:
    """An honest gap saves somebody an afternoon."""
    assert all(each.product in made[INDEX] and each.needed for each in missing())
    assert {"OPNsense", "Splunk", "Okta, Microsoft Entra ID"} <= {each.product for each in missing()}


def test_pages_do_not_depend_on_who_makes_them(
    made: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither settings of the machine nor the programs it has find their way into the documentation."""
    variables = {
        "PATH": "/nonexistent",
        "MCPSOC_HOME": str(tmp_path / "h"),
        "MCPSOC_READ_ONLY": "true",
        "MCPSOC_TOOLS_DENY": "firewall_block_address",
        "MCPSOC_FIREWALL_BACKEND": "nftables",
        "MCPSOC_IDENTITY_BIND_PASSWORD_FILE": "/nonexistent",
        "MCPSOC_ENDPOINT_KILL": "false",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert pages() == made


def test_pages_of_servers_that_are_gone_go_too(made: dict[str, str], tmp_path: Path) -> None:
    """A page about a server nobody can start misleads."""
    (tmp_path / "gone.md").write_text("# gone\n")

    assert "gone.md" in write(tmp_path, made)
    assert not (tmp_path / "gone.md").exists()
    assert differing(tmp_path, made) == ()


def test_types_are_told_in_one_line() -> None:
    """As a person says them."""
    assert kind_of({"type": "integer", "minimum": 1, "maximum": 200}) == "integer, from 1 to 200"
    assert kind_of({"type": ["string", "null"], "maxLength": 120}) == "string, at most 120 characters"
    assert kind_of({"anyOf": [{"enum": ["a", "b"]}, {"type": "array", "items": {"type": "string"}}]}) == (
        '"a" | "b" or list of string'
    )


def test_bar_in_a_cell_stays_text() -> None:
    """Else it begins a cell of its own."""
    assert table(("kind",), [('"a" | "b"',)]).splitlines()[-1] == '| "a" \\| "b" |'
