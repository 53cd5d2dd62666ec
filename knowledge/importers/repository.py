"""Documents of a Git repository, read from its objects: nothing of it is checked out, so nothing of it can run."""

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from knowledge.errors import DocumentError
from knowledge.importers.forms import MOST_BYTES, form_of
from knowledge.importers.gathering import Found, Wanted, gathered
from knowledge.importers.models import Imported, Refusal
from knowledge.importers.names import without_login
from knowledge.importers.programs import Finished, run
from knowledge.models import Kind, Language, Trust
from knowledge.trust.masking import mask_secrets

_SCHEME = re.compile(r"(https?|ssh|file)://[^\s-]\S*", re.ASCII)
_SHORT = re.compile(r"(?:[\w.]+@)?\w[\w.-]*:[^:\s-]\S*", re.ASCII)
"""`git@host:owner/name`, which is ssh."""
_CLONE_S: Final = 300.0
_READ_S: Final = 60.0
_SAFE: Final = (
    "protocol.allow=never", "protocol.ext.allow=never", "core.hooksPath=/dev/null", "core.fsmonitor=false",
    "submodule.recurse=false", "credential.interactive=never", "gc.auto=0",
)  # fmt: skip


def read_repository(
    address: str, *, provenance: Trust = "T2", kind: Kind | None = None, language: Language | None = None
) -> Imported:
    """The documents of a repository's default branch. `address`: http(s), ssh, file, or the path of a local one.

    Raises: DocumentError when it is no such address or cannot be fetched."""
    whole, scheme = _whole(address)
    origin = without_login(whole)
    wanted = Wanted(origin, _name(origin), provenance, kind, language, joined="#")
    with tempfile.TemporaryDirectory(prefix="mcpsoc-repository-") as folder:
        clone = Path(folder) / "clone.git"
        _git(scheme, _clone(whole, clone), _CLONE_S)
        return gathered(_files(clone), wanted)


def _whole(address: str) -> tuple[str, str]:
    """The address as git is given it, and its scheme. Raises: DocumentError."""
    if found := _SCHEME.fullmatch(address):
        return address, found[1]
    if address and not address.startswith("-") and Path(address).is_dir():
        return Path(address).resolve().as_uri(), "file"
    if _SHORT.fullmatch(address):
        return address, "ssh"
    shown = mask_secrets(without_login(address))
    raise DocumentError(f"{shown!r} is no address of a repository: https://, http://, ssh://, file:// or a folder")


def _name(origin: str) -> str:
    """Owner and name, as people call it."""
    parts = [part for part in re.split(r"[/:]", origin.removesuffix("/").removesuffix(".git")) if part]
    return "-".join(parts[-2:])


def _clone(address: str, clone: Path) -> list[str]:
    options = [
        "--bare",
        "--depth=1",
        "--single-branch",
        "--no-tags",
        "--no-recurse-submodules",
        "--template=",
        "--quiet",
    ]
    return ["clone", *options, "--", address, str(clone)]


def _files(clone: Path) -> Iterator[Found | Refusal]:
    """What its newest commit holds. A link or another repository in it is no document."""
    listed = _git("", [f"--git-dir={clone}", "ls-tree", "-r", "-l", "-z", "HEAD"], _READ_S)
    for line in listed.out.split(b"\0"):
        about, _, name = line.partition(b"\t")
        if not name:
            continue
        path = name.decode("utf-8", "replace")
        mode, _, blob, size = about.decode("ascii").split()
        if not mode.startswith("100") and form_of(path):
            yield Refusal(path, "it is a link or a repository of its own")
        elif size.isdecimal() and int(size) > MOST_BYTES and form_of(path):
            yield Refusal(path, f"it is larger than {MOST_BYTES // 1_000_000} MB")
        else:
            yield Found(path, partial(_blob, clone, blob))


def _blob(clone: Path, blob: str) -> bytes:
    return _git("", [f"--git-dir={clone}", "cat-file", "blob", blob], _READ_S).out


def _git(scheme: str, arguments: Sequence[str], timeout_s: float) -> Finished:
    """Run git: it asks nobody, runs no hook, and reaches by this scheme alone. Raises: DocumentError."""
    settings = [part for name in _SAFE for part in ("-c", name)]
    try:
        ended = run(["git", *settings, *arguments], timeout_s=timeout_s, environment=_environment(scheme))
    except FileNotFoundError as error:
        raise DocumentError("the program git is not installed; a repository is read with it") from error
    except TimeoutError as error:
        raise DocumentError(f"git took longer than {timeout_s:.0f} s") from error
    if ended.code != 0:
        told = " ".join(mask_secrets(ended.told).split())[-300:]
        raise DocumentError(f"git could not read the repository: {told or ended.code}")
    return ended


def _environment(scheme: str) -> dict[str, str]:
    """Ours without what steers git, and with what keeps it from asking."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "SSH_ASKPASS"))}
    allowed = "http:https" if scheme in ("http", "https") else scheme or "none"
    return kept | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=20",
        "GIT_ALLOW_PROTOCOL": allowed,
        "LC_ALL": "C",
    }
