"""The real clamd: what is inside of archives and mails, its limits, its status, and what happens when it is gone."""

import base64
import hashlib
import os
from pathlib import Path

import pytest

from servers.antivirus.archives import packed
from servers.antivirus.clamd import Clamd
from servers.antivirus.server import build
from servers.antivirus.settings import AntivirusSettings
from servers.errors import ToolError
from tests.servers.acting import Analyst, analyst, part
from tests.servers.antivirus.daemon import ALERTS, ALLOWED, BY_SHA256, OWN_MARK, STREAM_BYTES, Daemon, clamd
from tests.servers.antivirus.samples import EICAR, locked, mailed, zipped
from tests.servers.waiting import until


@pytest.fixture
def engine(daemon: Daemon) -> Clamd:
    """The client."""
    return Clamd(daemon.socket, 10.0, daemon.database)


@pytest.fixture
def server(daemon: Daemon, tmp_path: Path) -> Analyst:
    """The server over it."""
    settings = AntivirusSettings(backend="clamd", socket=daemon.socket, database=daemon.database)
    return analyst(build, settings, tmp_path)


@pytest.mark.parametrize(
    ("content", "signature"),
    [
        (zipped("readme.txt", EICAR), "Own.Eicar"),
        (zipped("outer.zip", zipped("inner.zip", zipped("readme.txt", EICAR))), "Own.Eicar"),
        (mailed("invoice.pdf", EICAR), "Own.Eicar"),
        (mailed("archive.zip", zipped("readme.txt", EICAR)), "Own.Eicar"),
        (BY_SHA256, "Own.BySha256"),
        (b"text around " + OWN_MARK + b" and after", "Own.Mark"),
    ],
    ids=["zip", "zip in zip in zip", "mail", "zip in mail", "sha256", "bytes"],
)
def test_own_signatures_find_what_is_wrapped(engine: Clamd, content: bytes, signature: str) -> None:
    """A mail gateway hands over what users get, not what is in it."""
    found = engine.scan(content)

    assert (found.verdict, str(found.signature).startswith(signature)) == ("infected", True)


def test_more_than_the_stream_takes_is_told_from_other_faults(engine: Clamd) -> None:
    """The remedy is another one: a setting of clamd."""
    with pytest.raises(ToolError) as refusal:
        engine.scan(os.urandom(STREAM_BYTES + 100_000))

    assert refusal.value.code == "too_large"


def test_what_the_engine_did_not_look_at_is_not_infected_and_not_clean(engine: Clamd) -> None:
    """clamd reports its own limits as a finding."""
    found = engine.scan(os.urandom(STREAM_BYTES - 500_000))

    assert (found.verdict, found.signature) == ("incomplete", "Heuristics.Limits.Exceeded.MaxFileSize")


def deep(content: bytes) -> bytes:
    """Content in more archives than clamd opens."""
    for number in range(25):
        content = zipped(f"{number}.zip", content)
    return content


async def test_archive_that_the_engine_does_not_look_into_is_never_clean(tmp_path: Path) -> None:
    """As installed clamd says OK to what is encrypted and to what lies too deep."""
    plain, harmless, mail = b"#!/bin/sh\necho ok\n", zipped("a.txt", b"text"), mailed("a.zip", locked(EICAR))
    archives = [harmless, locked(EICAR), deep(EICAR), mail]
    verdicts = {}
    for lacking in ("AlertExceedsMax", "AlertEncrypted", "nothing"):
        folder = tmp_path / lacking
        folder.mkdir()
        kept = "".join(f"{line}\n" for line in ALERTS.splitlines() if not line.startswith(lacking))
        with clamd(folder, kept) as running:
            server = analyst(build, AntivirusSettings(backend="clamd", socket=running.socket), folder)
            files = [base64.b64encode(data).decode() for data in (plain, *archives)]
            told = [await server.asks("scan_bytes", content_base64=data) for data in files]
            health, status = await server.asks("health"), await server.asks("engine_status")
        verdicts[lacking] = [part(each, "data", "verdict") for each in told]
        named = [f"{lacking} yes" in str(each) for each in (told[1], health, status)]
        assert named == [lacking != "nothing"] * 3

    assert verdicts["AlertExceedsMax"] == ["clean", *["incomplete"] * 4]
    assert verdicts["AlertEncrypted"] == ["clean", *["incomplete"] * 4]
    assert verdicts["nothing"] == ["clean", "clean", *["incomplete"] * 3]


@pytest.mark.parametrize(
    ("content", "holds"),
    [
        (zipped("a", b"b"), True),
        (b"MZ and a program before " + zipped("a", b"b"), True),
        (b"MZ and a program before " + b"Rar!\x1a\x07\x01\x00", True),
        (bytes(257) + b"ustar", True),
        (mailed("a.zip", b"b"), True),
        (b"a text that tells of PK and ustar", False),
        (b"\x7fELF" + bytes(500), False),
        (b"", False),
    ],
    ids=["zip", "zip behind a program", "rar behind a program", "tar", "mail", "text", "program", "nothing"],
)
def test_archives_are_told_from_plain_files(content: bytes, holds: bool) -> None:
    """A plain file stays clean whatever clamd is set to."""
    assert packed(content) is holds


async def test_status_tells_version_and_age(server: Analyst, daemon: Daemon) -> None:
    """Own signatures carry no date: the newest file tells it."""
    fresh = await server.asks("engine_status")
    for path in daemon.database.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    stale = await server.asks("engine_status")

    assert part(fresh, "data", "engine") == "ClamAV"
    assert part(fresh, "data", "old") is False
    assert part(stale, "data", "signatures_at") == "2023-11-14T22:13:20.000Z"
    assert part(stale, "data", "old") is True
    assert "old" in str(stale["summary"])


async def test_unknown_age_is_a_warning(daemon: Daemon, tmp_path: Path) -> None:
    """Nobody says that signatures are fresh of which nobody knows."""
    told = await analyst(build, AntivirusSettings(backend="clamd", socket=daemon.socket), tmp_path).asks(
        "engine_status"
    )

    assert part(told, "data", "warning") == "the age of the signatures is unknown"


async def test_hash_is_looked_up_in_the_signature_files(server: Analyst) -> None:
    """Allowed wins over known; unknown is not clean."""
    known = await server.asks("lookup_hash", digest=hashlib.sha256(BY_SHA256).hexdigest().upper())
    md5 = await server.asks("lookup_hash", digest=hashlib.md5(EICAR, usedforsecurity=False).hexdigest())
    allowed = await server.asks("lookup_hash", digest=hashlib.sha256(ALLOWED).hexdigest())
    unknown = await server.asks("lookup_hash", digest="0" * 64)

    assert part(known, "data", "name") == "Own.BySha256"
    assert part(md5, "data", "name") == "Own.Eicar"
    assert part(allowed, "data", "known") == "allowed"
    assert unknown["status"] == "no_data"


async def test_reload_takes_new_signatures(tmp_path: Path) -> None:
    """What is on disk becomes what is found; that it has is not to be read back."""
    with clamd(tmp_path) as running:
        server = analyst(build, AntivirusSettings(backend="clamd", socket=running.socket), tmp_path)
        mark, engine = b"another-mark-of-ours", Clamd(running.socket, 10.0)
        before = engine.scan(mark)
        (running.database / "new.ndb").write_text(f"Own.New:0:*:{mark.hex()}\n")
        done = await server.does("reload_signatures", reason="new signatures")
        until(lambda: engine.scan(mark).verdict == "infected")

    assert before.verdict == "clean"
    assert part(done, "data", "change") == "reloading"
    assert part(done, "action", "verified") == "unknown"


async def test_daemon_that_is_gone_is_an_error_and_nothing_embedded_answers(tmp_path: Path) -> None:
    """Down is not clean, and the server lives on."""
    with clamd(tmp_path) as running:
        server = analyst(
            build, AntivirusSettings(backend="clamd", socket=running.socket, roots=str(tmp_path)), tmp_path
        )
        given = {"content_base64": base64.b64encode(b"clean").decode()}
        up = await server.asks("scan_bytes", **given)
        health_up = await server.asks("health")
    (tmp_path / "file").write_bytes(b"clean")
    down = await server.asks("scan_bytes", **given)
    walked = await server.asks("scan_directory", path=str(tmp_path), glob="file")
    health_down = await server.asks("health")

    assert part(up, "data", "verdict") == "clean"
    assert part(health_up, "data", "ready") is True
    assert [part(each, "error", "code") for each in (down, walked)] == ["unreachable", "unreachable"]
    assert part(down, "source", "backend") == "real"
    assert part(health_down, "data", "ready") is False


async def test_site_without_an_engine_says_so(tmp_path: Path) -> None:
    """Neither the lab's answers nor a clean bill of health."""
    told = await analyst(build, AntivirusSettings(), tmp_path).asks("scan_bytes", content_base64="QUJD")

    assert part(told, "error", "code") == "no_lab"
