"""A full lab, built once."""

from pathlib import Path

import pytest

from servers.lab.world import Lab

SEED = 7


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A full lab; tests only read it."""
    path = tmp_path_factory.mktemp("lab") / "lab.db"
    Lab.create(path, SEED).close()
    return path
