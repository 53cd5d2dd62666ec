"""A fitted mapper as a file of arrays; nothing in it is code, and nothing in it is run when it is read."""

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.errors import StoreError
from knowledge.mapping.channels import Linear, Nearest, Whole, best_of
from knowledge.mapping.mapper import Fitted, Mapper
from knowledge.mapping.parts import VERSION
from knowledge.mapping.terms import Postings, Vocabulary

FILE: Final = "attack_mapper.npz"
_HALF: Final = np.float16
"""Numbers are kept short: half the file, and no ranking changes by it."""


class _About(BaseModel):
    """What stands in the file beside the numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    techniques: tuple[str, ...]
    names: tuple[str, ...]
    terms: tuple[str, ...]


def save_mapper(mapper: Mapper, home: Path) -> Path:
    """Keep a fitted mapper under `home`, in place of the one before; returns its file.

    Raises: StoreError when it has learnt nothing (it is made anew in no time), or cannot be written."""
    if mapper.learnt is None:
        raise StoreError("only a fitted mapper is kept")
    about = {"version": VERSION, "techniques": mapper.techniques, "names": mapper.names}
    text = json.dumps({**about, "terms": list(mapper.vocabulary.places)})
    arrays: dict[str, NDArray[np.generic]] = {
        "about": np.frombuffer(text.encode(), dtype=np.uint8),
        "rarity": mapper.vocabulary.rarity,
        "shares": mapper.learnt.linear.shares.astype(_HALF),
        "firsts": mapper.learnt.nearest.firsts,
        **_kept("linear", mapper.learnt.linear.rows),
        **_kept("nearest", mapper.learnt.nearest.rows),
        **_kept("whole", mapper.whole.rows),
    }
    path, draft = home / FILE, home / f".{FILE}.{os.getpid()}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StoreError(f"the mapper cannot be kept in {path}: {error}") from error
    return path


def load_mapper(home: Path) -> Mapper | None:
    """The mapper kept under `home`; None when there is none.

    Raises: StoreError when the file is broken or of another version."""
    path = home / FILE
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            about = _About.model_validate_json(arrays["about"].tobytes())
            if about.version != VERSION:
                raise StoreError(f"{path} is of another version of the mapper: fit it again")
            return _mapper(about, arrays)
    except (OSError, EOFError, KeyError, ValueError, ValidationError, zipfile.BadZipFile) as error:
        raise StoreError(f"{path} is no mapper: fit it again ({error})") from error


def _mapper(about: _About, arrays: Mapping[str, NDArray[np.float32]]) -> Mapper:
    whole = _read("whole", arrays)
    linear = Linear(_read("linear", arrays), arrays["shares"].astype(np.float32))
    return Mapper(
        techniques=about.techniques,
        names=about.names,
        vocabulary=Vocabulary(dict(zip(about.terms, range(len(about.terms)), strict=True)), arrays["rarity"]),
        whole=Whole(whole, best_of(whole)),
        learnt=Fitted(linear, Nearest(_read("nearest", arrays), arrays["firsts"].astype(np.int64))),
    )


def _kept(name: str, rows: Postings) -> Mapping[str, NDArray[np.generic]]:
    return {
        f"{name}_starts": rows.starts,
        f"{name}_rows": rows.rows,
        f"{name}_values": rows.values.astype(_HALF),
        f"{name}_height": np.array(rows.height),
    }


def _read(name: str, arrays: Mapping[str, NDArray[np.float32]]) -> Postings:
    return Postings(
        arrays[f"{name}_starts"].astype(np.int64),
        arrays[f"{name}_rows"].astype(np.int32),
        arrays[f"{name}_values"].astype(np.float32),
        int(arrays[f"{name}_height"]),
    )
