"""Labs that tests share: building one takes seconds, copying its file does not."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servers.lab.world import Lab
from tests.labs import lab_at

SEED = 7


@pytest.fixture(scope="session")
def full_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a full lab that nobody writes to."""
    return lab_at(tmp_path_factory.mktemp("lab") / "full.db", SEED)


@pytest.fixture(scope="session")
def full(full_path: Path) -> Iterator[Lab]:
    """A full lab, to read."""
    with Lab.open(full_path) as lab:
        yield lab


@pytest.fixture(scope="session")
def exported(full: Lab) -> list[bytes]:
    """Its export."""
    return list(full.export())


@pytest.fixture
def copied(full_path: Path, tmp_path: Path) -> Iterator[Callable[[], Lab]]:
    """Makes fresh copies of the full lab, to change."""
    labs: list[Lab] = []

    def copy() -> Lab:
        path = tmp_path / f"copy-{len(labs)}.db"
        shutil.copyfile(full_path, path)
        labs.append(Lab.open(path))
        return labs[-1]

    yield copy
    for lab in labs:
        lab.close()
