"""A clamd of our own, with our own signatures, over a unix socket in the test's folder."""

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.real import listens, program
from tests.servers.antivirus.samples import EICAR
from tests.servers.waiting import until

STREAM_BYTES = 3_000_000
OWN_MARK = b"mcpsoc-" + b"own-signature-mark"
BY_SHA256 = b"content that is known by its sha256 alone"
ALLOWED = b"content that somebody allowed"


@dataclass(frozen=True)
class Daemon:
    """A running clamd."""

    socket: Path
    database: Path
    process: "subprocess.Popen[bytes]"


def sign(database: Path) -> None:
    """Write the signatures: by MD5, by SHA-256, by a run of bytes, and an allowed file."""
    database.mkdir()
    md5 = hashlib.md5(EICAR, usedforsecurity=False).hexdigest()
    (database / "own.hdb").write_text(f"{md5}:{len(EICAR)}:Own.Eicar\n")
    sha256 = hashlib.sha256(BY_SHA256).hexdigest()
    (database / "own.hsb").write_text(f"{sha256}:{len(BY_SHA256)}:Own.BySha256:73\n")
    (database / "own.ndb").write_text(f"Own.Mark:0:*:{OWN_MARK.hex()}\n")
    allowed = hashlib.sha256(ALLOWED).hexdigest()
    (database / "own.sfp").write_text(f"{allowed}:{len(ALLOWED)}:Own.Allowed:73\n")


ALERTS = "AlertExceedsMax yes\nAlertEncrypted yes\n"
"""What clamd says only where it is told to: both are off by default."""


@contextmanager
def clamd(folder: Path, alerts: str = ALERTS) -> Iterator[Daemon]:
    """Start it, wait until it listens, end it."""
    command = program("clamd", "apt-get install clamav-daemon")
    database, socket, configuration = folder / "db", folder / "s", folder / "clamd.conf"
    sign(database)
    configuration.write_text(
        f"Foreground yes\nLocalSocket {socket}\nDatabaseDirectory {database}\nTemporaryDirectory {folder}\n"
        f"StreamMaxLength {STREAM_BYTES}\nMaxFileSize {STREAM_BYTES // 2}\n{alerts}"
    )
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen([command, "-c", str(configuration)], stdout=out, stderr=out)
    try:
        until(lambda: listens(socket))
        yield Daemon(socket, database, process)
    finally:
        process.terminate()
        process.wait(10)
