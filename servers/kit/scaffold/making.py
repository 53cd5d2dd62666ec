"""Makes the project of a new server from templates/."""

import keyword
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import Final

from servers.errors import ConfigurationError

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,19}")
_LAYOUT: Final = {
    "pyproject.toml": "pyproject",
    "$name.json": "mcp_json",
    "$name/__init__.py": "package_init",
    "$name/__main__.py": "package_main",
    "$name/settings.py": "package_settings",
    "$name/models.py": "package_models",
    "$name/backend.py": "package_backend",
    "$name/embedded.py": "package_embedded",
    "$name/server.py": "package_server",
    "$name/page.py": "package_page",
    "tests/test_$name.py": "test_server",
}
"""Where each template goes."""


@dataclass(frozen=True, slots=True)
class Made:
    """A project that was written."""

    folder: Path
    files: tuple[str, ...]
    """Relative to the folder."""


def scaffold(name: str, parent: Path) -> Made:
    """The project of a server called `name`, in a folder of that name; whole, or none of it.

    Raises: ConfigurationError for a name that cannot be one, and for a folder that is there already or that cannot be
    written."""
    check_name(name)
    folder = parent.expanduser().resolve() / name
    if folder.exists():
        raise ConfigurationError(f"{folder} is there already")
    words = {
        "name": name,
        "slug": name.replace("_", "-"),
        "NAME": name.upper(),
        "Class": "".join(part.capitalize() for part in name.split("_")),
        "python": sys.executable,
        "root": str(folder),
    }
    written = {_filled(place, words): _filled(_template(source), words) for place, source in _LAYOUT.items()}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{name}-", dir=folder.parent) as beside:
            draft = Path(beside) / name
            for place, text in written.items():
                path = draft / place
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            written[f"docs/{name}.md"] = _documented(name, draft)
            draft.rename(folder)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror}") from error
    return Made(folder, tuple(written))


def _documented(name: str, folder: Path) -> str:
    """The page of the new server, written as its own `python -m NAME page` writes it."""
    sys.path.insert(0, str(folder))
    try:
        return str(import_module(f"{name}.page").write())
    finally:
        sys.path.remove(str(folder))


def check_name(name: str) -> None:
    """Raises: ConfigurationError for a name that is no module's, or that of one there is already."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name.endswith("_") or "__" in name:
        raise ConfigurationError(f"{name!r} is no name of a server: 2 to 20 lower-case letters, digits and single _")
    if find_spec(name) is not None or find_spec(f"servers.{name}") is not None:
        raise ConfigurationError(f"there is a module called {name} already")


def _template(name: str) -> str:
    return (files("servers.kit.scaffold") / "templates" / f"{name}.tmpl").read_text("utf-8")


def _filled(text: str, words: Mapping[str, str]) -> str:
    return Template(text).substitute(words)
