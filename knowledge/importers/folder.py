"""Documents of a folder: Markdown, HTML, PDF, DOCX, plain text."""

import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from knowledge.errors import DocumentError
from knowledge.importers.forms import MOST_BYTES, form_of
from knowledge.importers.gathering import Found, Wanted, gathered
from knowledge.importers.models import Imported, Refusal
from knowledge.importers.names import folder_origin
from knowledge.models import Kind, Language, Trust

_PASSED_BY: Final = frozenset({"node_modules", "__pycache__", "venv"})


def read_folder(
    folder: Path, *, provenance: Trust = "T2", kind: Kind | None = None, language: Language | None = None
) -> Imported:
    """Every document below `folder`; a file that cannot be read is refused by name. Names that begin with a dot are
    passed by; a link is not followed, and one that leads out of the folder is refused.

    Raises: DocumentError when there is no such folder."""
    if not folder.is_dir():
        raise DocumentError(f"{folder}: there is no such folder")
    wanted = Wanted(folder_origin(folder), folder.resolve().name, provenance, kind, language)
    return gathered(_files(folder.resolve()), wanted)


def read_file(
    path: Path, *, provenance: Trust = "T2", kind: Kind | None = None, language: Language | None = None
) -> Imported:
    """One file; its origin is the file itself. Raises: DocumentError when it cannot be read."""
    whole = path.resolve()
    if not form_of(whole.name):
        raise DocumentError(f"{path}: a document is .md, .html, .pdf, .docx or .txt")
    wanted = Wanted(str(whole), whole.parent.name, provenance, kind, language, joined=None)
    found = gathered([Found(whole.name, partial(_bytes, whole))], wanted)
    if found.refused:
        raise DocumentError(f"{path}: {found.refused[0].reason}")
    return found


def _files(folder: Path) -> Iterator[Found | Refusal]:
    for root, folders, names in os.walk(folder):
        here = Path(root)
        for name in sorted(folders):
            if (here / name).is_symlink() and not _stays(here / name, folder):
                yield Refusal(_below(here / name, folder), "it is a link that leads out of the folder")
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _PASSED_BY)
        for name in sorted(name for name in names if not name.startswith(".")):
            yield from _file(here / name, folder)


def _file(path: Path, folder: Path) -> Iterator[Found | Refusal]:
    below = _below(path, folder)
    if not path.is_symlink():
        yield Found(below, partial(_bytes, path))
    elif not _stays(path, folder):
        yield Refusal(below, "it is a link that leads out of the folder")


def _stays(link: Path, folder: Path) -> bool:
    """Whether a link leads to something below the folder, which is read where it is."""
    try:
        return link.resolve().is_relative_to(folder)
    except (OSError, RuntimeError):
        return False


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _bytes(path: Path) -> bytes:
    """What is in a file, which must be one when it is opened: no link put in its place, no pipe that never ends."""
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise DocumentError("it is no file")
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise DocumentError(f"it is larger than {MOST_BYTES // 1_000_000} MB")
    return data
