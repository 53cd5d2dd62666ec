"""Tools that a setting opens: each settings class declares them, and what it declares is what happens."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pytest

from servers.bundle import FACTORIES, SETTINGS, conditions_of
from servers.embedded import LabDoor
from servers.errors import ConfigurationError
from servers.kit import SecurityServer
from servers.kit.machine import Machine
from servers.kit.settings import BackendSettings
from servers.pages.backends import declared, environment
from servers.parts import Parts
from servers.settings import Settings


def server(name: str, home: Path, given: Mapping[str, str]) -> SecurityServer:
    """A site's server with these settings alone."""
    with environment(given):
        settings = Settings(home=home)
        return FACTORIES[name](Parts(LabDoor(None), home, settings, conditions_of(settings, Machine), "", "site"))


def lost(name: str, product: str, home: Path) -> dict[str, set[str]]:
    """By setting, the tools that are gone without it."""
    given = {key: value.format(folder=home) for key, value in declared()[name][product].items()}
    given[f"MCPSOC_{name.upper()}_BACKEND"] = product
    whole, found = server(name, home, given).known, dict[str, set[str]]()
    for setting in declared()[name][product]:
        try:
            less = server(name, home, {key: value for key, value in given.items() if key != setting})
        except (ConfigurationError, ValueError):
            continue
        if gone := whole - less.known:
            found[setting] = set(gone)
            assert {tool: less.closed[tool] for tool in gone} == dict.fromkeys(gone, (setting,))
    return found


@pytest.mark.parametrize(
    ("name", "product"), [(name, product) for name, given in declared().items() for product in given]
)
def test_table_of_a_settings_class_is_what_each_setting_opens(name: str, product: str, tmp_path: Path) -> None:
    """A tool that is missing names the setting it takes; one that is declared in vain would send people astray."""
    owner: type[BackendSettings] = getattr(import_module(f"servers.{name}.settings"), SETTINGS[name])
    opens = owner.opens.get(product, {})
    told = {f"MCPSOC_{name}_{field}".upper(): set(tools) for field, tools in opens.items()}

    assert lost(name, product, tmp_path) == told


async def test_call_of_a_closed_tool_says_what_it_takes(tmp_path: Path) -> None:
    """Over MCP too, and also where no product is chosen yet."""
    half = server("dns", tmp_path, {"MCPSOC_DNS_BACKEND": "unbound"})
    none = server("dns", tmp_path, {})
    told = str((await half.call("dns_query_log", {}))["error"])

    assert "unknown_tool" in told
    assert "it takes MCPSOC_DNS_LOG; " in told
    assert none.closed["dns_resolve"] == ("MCPSOC_DNS_BACKEND=unbound", "MCPSOC_DNS_RESOLVE")
    assert none.closed["dns_sinkhole_domain"] == ("MCPSOC_GRANT_KEY",)
    assert "dns_query_log" not in none.closed
