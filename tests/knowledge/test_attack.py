"""The table of techniques."""

import json
from importlib.resources import files

from knowledge.attack import find_technique, notice

INTAKE = json.loads((files("agent.intake") / "attack.json").read_text("utf-8"))
OURS = json.loads((files("knowledge") / "attack.json").read_text("utf-8"))


def test_table_agrees_with_the_one_alerts_are_read_by() -> None:
    """A case and the page on its technique must not tell of different tactics."""
    assert {name: list(row[1:]) for name, row in OURS["techniques"].items()} == INTAKE["tactics"]
    assert OURS["revoked"] == INTAKE["revoked"]
    assert notice() == INTAKE["notice"]


def test_every_technique_is_found_by_its_id_with_its_parent() -> None:
    """A sub-technique without its parent's name says little: seven of them are called after accounts."""
    for name in OURS["techniques"]:
        found = find_technique(name)
        assert found is not None
        assert (found.parent is None) is ("." not in name)
        assert (": " in found.name) is (found.parent is not None), name


def test_every_revoked_technique_leads_to_a_current_one() -> None:
    """A chain of revocations ends somewhere."""
    for name in OURS["revoked"]:
        found = find_technique(name)
        assert found is not None
        assert found.revoked_by in OURS["techniques"]
