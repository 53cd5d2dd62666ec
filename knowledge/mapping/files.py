"""A fitted mapper as a file of arrays; nothing in it is code."""

from pathlib import Path

from knowledge.mapping.mapper import Mapper


def save_mapper(mapper: Mapper, home: Path) -> Path:
    """Keep the mapper under `home`, in place of the one before; returns its file."""
    return home / "mapper.npz"


def load_mapper(home: Path) -> Mapper | None:
    """The mapper kept under `home`; None when there is none.

    Raises: StoreError when the file is broken or of another version."""
    return None
