"""Who may open which door is a question of imports, so it can be read off the source."""

import ast

import pytest

from tests.source import PACKAGES, ROOT, modules, nodes_of


def imported(path):
    """Every module that a file imports, also inside functions, also as `from package import module`."""
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = path.relative_to(ROOT).parts[: -node.level]
                base = ".".join([*package, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def importers(wanted):
    return {str(path.relative_to(ROOT)) for path in modules(*PACKAGES) if any(wanted(name) for name in imported(path))}


def test_only_the_response_package_imports_the_act_door():
    """An investigation, a chat or a server that held the act door could change the world."""
    found = importers(lambda name: name == "agent.host.act" or name.startswith("agent.host.act."))

    assert {name for name in found if not name.startswith("agent/response/")} == set()


def test_only_the_host_imports_mcp_in_the_analyst():
    """A raw session is a third door."""
    found = importers(lambda name: name.split(".")[0] in ("mcp", "langchain_mcp_adapters"))

    assert {name for name in found if name.startswith("agent/") and not name.startswith("agent/host/")} == set()


@pytest.mark.parametrize("inner", ["switchboard", "link"])
def test_what_stands_behind_the_doors_stays_inside_the_host(inner):
    """Whoever holds the switchboard or a link can call any tool without either door."""
    found = importers(lambda name: name == f"agent.host.{inner}" or name.startswith(f"agent.host.{inner}."))
    reaching = {
        str(path.relative_to(ROOT))
        for path in modules(*PACKAGES)
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute) and node.attr == "_switchboard"
    }

    assert {name for name in found | reaching if not name.startswith("agent/host/")} == set()


def test_the_read_door_has_no_way_to_the_act_door():
    """The class an investigation holds offers reads and its own accounts, nothing else."""
    from agent.host.read import ReadDoor

    public = {name for name in vars(ReadDoor) if not name.startswith("_")}

    assert public == {"offers", "read", "read_many"}


def test_no_module_loads_another_by_a_computed_name():
    """The tests above see what is written; a computed import would pass them by."""
    for path in modules(*PACKAGES):
        if path.is_relative_to(ROOT / "agent"):
            for node in nodes_of(path):
                name = getattr(getattr(node, "func", None), "id", getattr(getattr(node, "func", None), "attr", ""))
                assert name not in ("__import__", "import_module"), path
