"""The pages of all bundled servers, and whether those in a folder are the ones."""

import inspect
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, cast

from knowledge.trust.keys import SigningKey
from servers.bundle import bundled
from servers.errors import ToolError
from servers.kit import SecurityServer
from servers.mcpsoc import server as mcpsoc
from servers.mcpsoc.asking import Asked
from servers.mcpsoc.models import Language
from servers.mcpsoc.records import Records
from servers.pages.backends import declared, environment, manuals_of
from servers.pages.manual import manual_of
from servers.pages.markdown import index, page
from servers.pages.options import groups_of, products_of
from servers.settings import Settings

FOLDER: Final = Path(__file__).parents[2] / "docs" / "servers"
INDEX: Final = "README.md"


def pages() -> dict[str, str]:
    """Every page by its file name, made from the servers as they come, embedded and over each product: with every
    change they have."""
    with TemporaryDirectory(prefix="mcpsoc-pages-") as folder, environment({}):
        settings = Settings(home=Path(folder), grant_key=SigningKey.generate().public.text)
        manuals = {server.name: manual_of(server) for server in _servers(Path(folder), settings)}
        given = declared()
        over = {name: manuals_of(name, settings, given.get(name, {})) for name in manuals}
    made = {
        f"{name}.md": page(manual, about(name), products_of(name), groups_of(name), over=over[name])
        for name, manual in manuals.items()
    }
    return {INDEX: index([(manual, over[name], about(name)) for name, manual in sorted(manuals.items())]), **made}


def _servers(home: Path, settings: Settings) -> Iterator[SecurityServer]:
    yield from bundled(home / "lab.db", home, settings).values()
    # What it publishes does not depend on whose cases they are, and none is read here.
    yield mcpsoc.build(cast("Records", None), asker=_Nobody(), backend="real", synthetic=False)


class _Nobody:
    """Stands where an asker would."""

    outside = False

    async def __call__(self, question: str, language: Language) -> Asked:
        """Raises: ToolError."""
        raise ToolError("cannot_ask", "pages are made without an analyst")


def about(name: str) -> str:
    """What a server is, by the docstring of its module."""
    package = import_module(f"servers.{name}")
    main = import_module(f"servers.{name}.server")
    text = inspect.getdoc(main) or inspect.getdoc(package) or ""
    return " ".join(text.split())


def differing(folder: Path, made: Mapping[str, str]) -> tuple[str, ...]:
    """Files of a folder that are not the pages that were made, missing and superfluous ones included."""
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return tuple(sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name)))


def write(folder: Path, made: Mapping[str, str]) -> tuple[str, ...]:
    """Bring a folder up to date with the pages that were made; the files that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    stale = differing(folder, made)
    for name in stale:
        if name in made:
            (folder / name).write_text(made[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return stale
