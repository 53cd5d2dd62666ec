"""Imports point one way, and a few libraries are imported in one place only."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.source import PACKAGES, ROOT, modules, nodes_of, text_of

SIBLINGS = {
    "knowledge": frozenset[str](),
    "agent": frozenset({"knowledge.trust"}),
    "servers": frozenset({"knowledge"}),
    "evals": frozenset({"agent", "servers", "knowledge"}),
    "ui": frozenset({"agent", "servers", "knowledge", "evals"}),
}
"""Package to the siblings (or parts of them) it may import."""
ONLY_IN = {
    "mcp": ("servers/kit/", "agent/host/", "knowledge/sync/sources/mcp.py", "evals/benchmarks/"),
    "chromadb": ("knowledge/store/", "evals/benchmarks/knowledge.py"),
    "agent.host.act": ("agent/host/", "agent/response/"),
}
"""Module to the places that may import it."""
VAGUE = frozenset({"utils", "util", "common", "helper", "helpers", "manager", "managers", "misc"})


@dataclass(frozen=True, slots=True)
class Import:
    """One module imported somewhere."""

    path: str
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.module}"


@cache
def imports(path: Path) -> tuple[Import, ...]:
    """Every import of a file, absolute, wherever in the file it stands; `from a import b` counts as a and as a.b."""
    return tuple(imports_of(path))


def imports_of(path: Path) -> Iterator[Import]:
    shown = path.relative_to(ROOT).as_posix()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (Import(shown, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(path, node)
            yield Import(shown, node.lineno, base)
            yield from (Import(shown, node.lineno, f"{base}.{alias.name}") for alias in node.names)


def absolute(path: Path, node: ast.ImportFrom) -> str:
    """The module a from-import names, relative ones resolved."""
    if not node.level:
        return node.module or ""
    folder = path.relative_to(ROOT).parent.parts[: len(path.relative_to(ROOT).parts) - node.level]
    return ".".join([*folder, *([node.module] if node.module else [])])


def within(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(f"{prefix}.")


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_what_lies_below_them(package: str) -> None:
    """agent and servers meet over MCP alone; knowledge knows nobody."""
    strangers = set(PACKAGES) - {package}
    wrong = [
        str(item)
        for path in modules(package)
        for item in imports(path)
        if any(within(item.module, other) for other in strangers)
        and not any(within(item.module, allowed) or within(allowed, item.module) for allowed in SIBLINGS[package])
    ]

    assert wrong == []


def test_agent_takes_nothing_but_trust_from_knowledge() -> None:
    """Recall goes through the kb server: `from knowledge import store` would go around it."""
    wrong = [
        str(item)
        for path in modules("agent")
        for item in imports(path)
        if within(item.module, "knowledge")
        and item.module != "knowledge"
        and not within(item.module, "knowledge.trust")
    ]

    assert wrong == []


@pytest.mark.parametrize("module", ONLY_IN)
def test_library_is_imported_in_its_place_only(module: str) -> None:
    """What a library's next major version breaks is one place; what opens the act door is agent/response."""
    wrong = [
        str(item)
        for path in modules(*PACKAGES)
        for item in imports(path)
        if within(item.module, module) and not item.path.startswith(ONLY_IN[module])
    ]

    assert wrong == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    """Whatever is put into `utils` has a better name."""
    vague = [path.relative_to(ROOT).as_posix() for path in modules(*PACKAGES, "tests") if path.stem in VAGUE]

    assert vague == []


def test_no_file_is_longer_than_anyone_reads() -> None:
    """500 lines are a module; more are two."""
    long = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in modules(*PACKAGES)
        if (lines := text_of(path).count("\n")) > 500
    ]

    assert long == []


def test_no_check_is_switched_off_in_the_code() -> None:
    """A silenced checker hides the next mistake on that line too."""
    marks = ("type: " + "ignore", "pragma: " + "no cover")
    wrong = [
        f"{path.relative_to(ROOT)}: {mark}" for path in modules(*PACKAGES) for mark in marks if mark in text_of(path)
    ]

    assert wrong == []
