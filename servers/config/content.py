"""What a playbook is made of, as one hash: every file of its folder, and the inventory. A grant is for one content.

A playbook includes tasks, roles, variables, templates and plugins by names that are made up while it runs; therefore
all files of the folder count, not only those that its text names. Not covered, since nobody can tell before it runs:
what lies outside of the folder (collections, roles and settings of the machine, variables beside an inventory, what a
link to another folder leads to), what an inventory script prints, what is downloaded, and Ansible itself.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from knowledge.trust.canonical import sha256_of
from servers.errors import ToolError

MOST_FILES: Final = 2_000
MOST_BYTES: Final = 50_000_000
"""Of all files together."""
_LEFT_OUT: Final = ".git"
"""The history of a folder: Ansible reads none of it, and it changes without the files."""


def content_of(name: str, folder: Path, inventory: Path | None) -> str:
    """SHA-256 of everything that counts as this playbook's content. Raises: ToolError."""
    seen: dict[str, str] = {}
    left = MOST_BYTES
    roots = {"folder": folder} if inventory is None else {"folder": folder, "inventory": inventory}
    for kind, root in roots.items():
        for path in _below(root):
            seen[f"{kind}/{path.relative_to(root)}"], size = _hashed(path, left)
            left -= size
            if len(seen) > MOST_FILES:
                raise _too_large()
    return sha256_of({"playbook": name, "files": {**seen}})


def _below(root: Path) -> Iterator[Path]:
    """The files of a folder, links to folders too; a file is its own. Raises: ToolError for what cannot be read."""
    if not root.is_dir():
        yield root
        return
    for base, folders, files in os.walk(root, onerror=_stopped):
        folders[:] = [each for each in folders if each != _LEFT_OUT]
        links = [each for each in folders if Path(base, each).is_symlink()]
        yield from (Path(base, each) for each in (*links, *files))


def _hashed(path: Path, most_bytes: int) -> tuple[str, int]:
    """The hash of a file and how long it is; of what is none, where it leads. Raises: ToolError."""
    try:
        if not path.is_file():
            return f"-> {path.readlink()}" if path.is_symlink() else "no file", 0
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise _unreadable(error) from None
    if len(content) > most_bytes:
        raise _too_large()
    return hashlib.sha256(content).hexdigest(), len(content)


def _unreadable(_: OSError) -> ToolError:
    return ToolError(
        "unreachable",
        "a file beside the playbook or the inventory cannot be read",
        "see MCPSOC_CONFIG_FOLDER, and the modes of its files",
    )


def _stopped(error: OSError) -> None:
    raise _unreadable(error)


def _too_large() -> ToolError:
    hint = f"at most {MOST_FILES} files and {MOST_BYTES} bytes: give playbooks a folder of their own"
    return ToolError("too_large", "the folder of playbooks holds too much", hint)
