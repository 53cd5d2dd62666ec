"""Where the public data sets lie."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Folder of the public data sets: `MCPSOC_EVAL_DATA`, or `shared/data` beside the checkout."""
    named = os.environ.get("MCPSOC_EVAL_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        if named:
            pytest.fail(f"MCPSOC_EVAL_DATA names {folder}, which is no folder")
        if os.environ.get("CI") and (ROOT.parent / "shared").is_dir():
            pytest.fail("shared/ lies beside the checkout without its data")
        pytest.skip("public data sets are not here: set MCPSOC_EVAL_DATA to their folder")
    return folder
