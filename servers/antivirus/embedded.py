"""The embedded engine: the EICAR test file by its content, and the lab's hashes. It finds nothing else and says so.

Source: the EICAR anti-malware test file: 68 fixed characters at the start, then nothing but white space, 128 in all.
"""

import hashlib
from typing import Final

from servers.antivirus.backend import Finding, Known, Status
from servers.embedded import LabDoor
from servers.lab.queries import entities
from servers.lab.records import from_ms

EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
"""Put together, so that no engine takes this file for the test file."""
_LONGEST: Final = 128
_WHITE: Final = b" \t\r\n\x1a"


class LabEngine:
    """An engine over the lab's feeds and register of known files."""

    def __init__(self, door: LabDoor) -> None:
        self._door = door

    def scan(self, data: bytes) -> Finding:
        """Whether the bytes are the test file, or content that a feed calls malicious."""
        if is_eicar(data):
            return Finding("infected", "Eicar-Test-File")
        known = self.lookup(hashlib.sha256(data).hexdigest())
        bad = known is not None and known.known == "malicious"
        return Finding("infected", f"Feed.{known.source}") if bad and known is not None else Finding("clean")

    def lookup(self, digest: str) -> Known | None:
        """What the lab's feeds and its register say of a SHA-256. Raises: ToolError when there is no lab."""
        rows = entities.lookup_intel(self._door.db, digest)
        for verdict in ("malicious", "suspicious"):
            for row in rows:
                if row.verdict == verdict:
                    return Known("malicious" if verdict == "malicious" else "suspicious", "feed entry", row.source)
        good = entities.check_known(self._door.db, digest)
        registered = good is not None and good.register == "known_files"
        return Known("allowed", "registered file", good.registered_by) if registered and good is not None else None

    def status(self) -> Status:
        """The feeds' newest entry stands for the age of the signatures. Raises: ToolError when there is no lab."""
        sql = "SELECT count(*), max(last_seen) FROM intel WHERE type = 'sha256'"
        count, newest = self._door.db.execute(sql).fetchone()
        return Status("embedded matcher", "test file and hashes", from_ms(newest) if newest else None, count)


def is_eicar(data: bytes) -> bool:
    """Whether content is the test file, whatever its name."""
    return len(data) <= _LONGEST and data.startswith(EICAR) and not data[len(EICAR) :].strip(_WHITE)
