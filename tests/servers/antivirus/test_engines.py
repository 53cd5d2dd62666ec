"""What both engines do with content: the real clamd and the embedded matcher, through the tools."""

import base64
import os
from pathlib import Path

import pytest

from servers.antivirus.server import build
from servers.antivirus.settings import AntivirusSettings
from tests.servers.acting import Analyst, analyst, part
from tests.servers.antivirus.daemon import Daemon
from tests.servers.antivirus.samples import EICAR


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """The folder that is opened to the server."""
    folder = tmp_path / "share"
    folder.mkdir()
    return folder


@pytest.fixture(params=["clamd", "embedded"])
def engine(request: pytest.FixtureRequest, tmp_path: Path, share: Path, whole_lab: Path) -> Analyst:
    """A server over either engine."""
    home = tmp_path / "home"
    home.mkdir()
    if request.param == "embedded":
        return analyst(build, AntivirusSettings(roots=str(share)), home, whole_lab)
    running: Daemon = request.getfixturevalue("daemon")
    return analyst(build, AntivirusSettings(backend="clamd", socket=running.socket, roots=str(share)), home)


async def test_test_file_named_as_a_report_is_infected(engine: Analyst, share: Path) -> None:
    """Content decides, not the name."""
    (share / "report.pdf").write_bytes(EICAR)

    told = await engine.asks("scan_file", path=str(share / "report.pdf"))

    assert part(told, "data", "verdict") == "infected"


async def test_clean_file_named_as_a_virus_is_clean(engine: Analyst, share: Path) -> None:
    """A name accuses nobody."""
    (share / "virus.exe").write_bytes(b"nothing to see")

    told = await engine.asks("scan_file", path=str(share / "virus.exe"))

    assert part(told, "data", "verdict") == "clean"


async def test_given_bytes_are_scanned_as_a_file_is(engine: Analyst) -> None:
    """An attachment has no path."""
    told = await engine.asks("scan_bytes", content_base64=base64.b64encode(EICAR).decode())

    assert part(told, "data", "verdict") == "infected"


async def test_folder_shows_infected_files_below_it_and_counts_all(engine: Analyst, share: Path) -> None:
    """Rows are what matters, counts say what was looked at."""
    (share / "a" / "b").mkdir(parents=True)
    (share / "a" / "b" / "notes.txt").write_bytes(EICAR)
    (share / "a" / "malware.txt").write_bytes(b"clean")
    (share / "other.log").write_bytes(EICAR)

    told = await engine.asks("scan_directory", path=str(share), glob="*.txt")

    assert part(told, "data", "scanned") == 2
    assert part(told, "data", "infected") == 1
    assert "notes.txt" in str(part(told, "data", "found"))
    assert "$.found[*].path" in str(told["untrusted"])
    assert "notes" not in str(told["summary"])


async def test_links_and_special_files_lead_nowhere(engine: Analyst, share: Path, tmp_path: Path) -> None:
    """Whoever may write into the folder must not choose what the server reads."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(EICAR)
    (share / "link").symlink_to(outside / "secret")
    (share / "folder").symlink_to(outside)
    os.mkfifo(share / "pipe")

    codes = [
        part(await engine.asks("scan_file", path=str(path)), "error", "code")
        for path in (
            share / "link",
            share / "folder" / "secret",
            share / "pipe",
            outside / "secret",
            share / ".." / "outside" / "secret",
            share,
        )
    ]
    walked = await engine.asks("scan_directory", path=str(share))

    expected = ["symbolic_link", "symbolic_link", "special_file", "outside_folders", "invalid_argument", "not_a_file"]
    assert codes == expected
    assert part(walked, "data", "infected") == 0
    assert walked["status"] == "no_data"


async def test_file_that_is_too_long_is_an_error_of_its_own(engine: Analyst, share: Path, tmp_path: Path) -> None:
    """Not looked at is not clean, in a folder neither."""
    with (share / "huge").open("wb") as file:
        file.truncate(26_000_000)

    alone = await engine.asks("scan_file", path=str(share / "huge"))
    walked = await engine.asks("scan_directory", path=str(share))

    assert part(alone, "error", "code") == "too_large"
    assert walked["status"] == "stale"
    assert part(walked, "data", "unscanned") == [{"reason": "too_large", "files": 1}]


async def test_without_folders_nothing_is_read(tmp_path: Path, whole_lab: Path) -> None:
    """The default opens no folder."""
    told = await analyst(build, AntivirusSettings(), tmp_path, whole_lab).asks("scan_file", path="/etc/hostname")

    assert part(told, "error", "code") == "not_configured"
