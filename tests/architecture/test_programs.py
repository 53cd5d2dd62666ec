"""The programs that tests start are those that .ci/packages installs."""

import ast

from tests.source import ROOT, nodes_of


def started() -> set[str]:
    """Every program a test asks for by name."""
    calls = [
        node
        for path in (ROOT / "tests").rglob("*.py")
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "program"
    ]
    return {str(call.args[0].value) for call in calls if call.args and isinstance(call.args[0], ast.Constant)}


def listed() -> dict[str, list[str]]:
    """Packages by program, as .ci/debian.txt has them."""
    lines = (ROOT / ".ci" / "debian.txt").read_text(encoding="utf-8").splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    return {name: packages for program, *packages in words for name in program.split("|")}


def test_every_program_a_test_starts_is_installed_in_ci() -> None:
    """What is missing there fails the run, and nobody would know what to install."""
    assert started() - listed().keys() == set()
    assert {"clamd", "suricata"} <= started()


def test_every_program_of_the_list_has_a_package() -> None:
    """A line without one would never be installed."""
    assert [program for program, packages in listed().items() if not packages] == []
