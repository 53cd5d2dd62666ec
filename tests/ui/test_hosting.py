"""Which servers the analyst is connected to, and what a case says of one that no product stands behind."""

from importlib import import_module

import pytest

from servers.bundle import ANALYST, SETTINGS
from ui.hosting import setting_of


@pytest.mark.parametrize("server", sorted(set(ANALYST) & set(SETTINGS)))
def test_setting_that_a_case_names_puts_a_product_behind_its_server(server: str) -> None:
    """A case without the product sends a person to this setting."""
    made = getattr(import_module(f"servers.{server}.settings"), SETTINGS[server])

    assert setting_of(server) == f"{made.model_config['env_prefix']}BACKEND"
    assert "backend" in made.model_fields


def test_knowledge_base_has_no_product_to_connect() -> None:
    """It is there at once; a setting nobody reads would be looked for in vain."""
    assert setting_of("kb") == ""
