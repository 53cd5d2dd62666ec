"""The table on disk: written aside and renamed, found by a pointer, taken only when its checksums hold.

A folder `lexical/` in the home holds one folder for each table that was written and `current`, which names the newest.
A kill leaves at worst a folder that nothing names; the next write removes it. Readers map the files, so that processes
share them and a table that was replaced meanwhile stays readable.
"""

import json
import os
import shutil
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.lexical.table import Table

_FORMAT: Final = 1
_POINTER: Final = "current"
_MANIFEST: Final = "manifest.json"
_ARRAYS: Final = ("starts", "rows", "scores", "codes")
_CHUNK: Final = 1 << 22
_Array: TypeAlias = NDArray[np.float32] | NDArray[np.int64] | NDArray[np.int32] | NDArray[np.uint8]


class Manifest(BaseModel):
    """What a folder holds and what it is a table of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    store: str
    """Which database."""
    revision: int
    """All that was committed up to this one is in it."""
    mean_length: float
    checksums: Mapping[str, int]
    """CRC-32 by file name."""


def write(folder: Path, table: Table, store: str, revision: int) -> None:
    """Keep a table as the newest one, and remove those before it."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{revision}-{uuid4().hex[:8]}"
    aside = folder / f".{name}"
    aside.mkdir()
    for key, array in _arrays(table).items():
        np.save(aside / f"{key}.npy", array, allow_pickle=False)
    _write_names(aside / "ids.txt", table.ids)
    _write_names(aside / "words.txt", list(table.vocabulary))
    sums = {file.name: _checksum(file) for file in sorted(aside.iterdir())}
    manifest = Manifest(format=_FORMAT, store=store, revision=revision, mean_length=table.mean_length, checksums=sums)
    (aside / _MANIFEST).write_text(manifest.model_dump_json(), "utf-8")
    for path in (*aside.iterdir(), aside):
        _sync(path)
    aside.rename(folder / name)
    _point(folder, name)
    _remove_others(folder, name)


def newest(folder: Path) -> str | None:
    """The name of the newest table; None when there is none. One small read."""
    try:
        return (folder / _POINTER).read_text("utf-8").strip() or None
    except OSError:
        return None


def read(folder: Path, store: str) -> tuple[Table, int] | None:
    """The newest table and the revision it is of; None when there is none of this store that is whole."""
    name = newest(folder)
    if name is None or "/" in name:
        return None
    try:
        manifest = Manifest.model_validate_json((folder / name / _MANIFEST).read_bytes())
        if manifest.format != _FORMAT or manifest.store != store:
            return None
        if any(_checksum(folder / name / file) != wanted for file, wanted in manifest.checksums.items()):
            return None
        return _mapped(folder / name, manifest.mean_length), manifest.revision
    except (OSError, ValidationError, ValueError, json.JSONDecodeError):
        return None


def _mapped(folder: Path, mean_length: float) -> Table:
    ids, words = (_read_names(folder / name) for name in ("ids.txt", "words.txt"))
    arrays = {key: np.load(folder / f"{key}.npy", mmap_mode="r", allow_pickle=False) for key in _ARRAYS}
    places = {key: place for place, key in enumerate(ids)}
    vocabulary = {word: column for column, word in enumerate(words)}
    return Table(tuple(ids), places, vocabulary, mean_length=mean_length, **arrays)


def _arrays(table: Table) -> Mapping[str, _Array]:
    return {"starts": table.starts, "rows": table.rows, "scores": table.scores, "codes": table.codes}


def _write_names(path: Path, names: Sequence[str]) -> None:
    path.write_bytes("\x00".join(names).encode())


def _read_names(path: Path) -> list[str]:
    stored = path.read_bytes().decode()
    return stored.split("\x00") if stored else []


def _checksum(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            value = zlib.crc32(chunk, value)
    return value


def _point(folder: Path, name: str) -> None:
    aside = folder / f".{_POINTER}-{os.getpid()}"
    aside.write_text(name, "utf-8")
    _sync(aside)
    aside.replace(folder / _POINTER)
    _sync(folder)


def _remove_others(folder: Path, name: str) -> None:
    for other in folder.iterdir():
        if other.is_dir() and other.name != name:
            shutil.rmtree(other, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
