"""A full lab, built once, and where the public data lies."""

import os
from pathlib import Path

import pytest

from servers.lab.world import Lab

ROOT = Path(__file__).resolve().parents[2]
SEED = 7


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A full lab; tests only read it."""
    path = tmp_path_factory.mktemp("lab") / "lab.db"
    Lab.create(path, SEED).close()
    return path


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Folder of the public data sets: `MCPSOC_EVAL_DATA`, or `shared/data` beside the checkout."""
    named = os.environ.get("MCPSOC_EVAL_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        if named:
            pytest.fail(f"MCPSOC_EVAL_DATA names {folder}, which is no folder")
        pytest.skip("public data sets are not here: set MCPSOC_EVAL_DATA to their folder")
    return folder
