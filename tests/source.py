"""The modules of the product as the tests that read its source see them: each is parsed once in a process."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("agent", "knowledge", "servers", "ui", "evals")


@cache
def modules(*packages: str) -> tuple[Path, ...]:
    """Every module of these packages."""
    return tuple(path for package in packages for path in sorted((ROOT / package).rglob("*.py")))


@cache
def text_of(path: Path) -> str:
    """What stands in a module."""
    return path.read_text(encoding="utf-8")


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """What a module's tree says of imports, attributes and calls, wherever in the file it stands."""
    kept = (ast.Import, ast.ImportFrom, ast.Attribute, ast.Call)
    return tuple(node for node in ast.walk(ast.parse(text_of(path))) if isinstance(node, kept))
