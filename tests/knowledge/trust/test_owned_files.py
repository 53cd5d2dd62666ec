"""Small files of the owner's own: the old content or the new, and nothing beside it."""

from pathlib import Path

import pytest

from knowledge.trust.owned_files import replace_file


def test_file_that_cannot_be_replaced_leaves_nothing_beside_it(tmp_path: Path) -> None:
    """Half a file under another name stays for good: nobody knows whose it is."""
    path = tmp_path / "pins.json"
    path.mkdir()

    with pytest.raises(OSError, match=r"pins\.json"):
        replace_file(path, "{}")

    assert list(tmp_path.iterdir()) == [path]
