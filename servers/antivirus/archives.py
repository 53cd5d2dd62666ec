"""What holds other files, and two harmless ones that show whether an engine says when it did not look inside."""

import io
import re
import zipfile
from typing import Final

_STARTS: Final = (b"PK\x03\x04", b"PK\x07\x08", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"\x60\xea")
_STARTS_LATER: Final = ((257, b"ustar"), (2, b"-lh"), (2, b"-lz"), (0x8001, b"CD001"))
"""tar, LHA and the image of a disc begin behind something else."""
_ANYWHERE: Final = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"MSCF\x00\x00\x00\x00")
"""Also behind a program that unpacks itself."""
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_TAIL: Final = 22 + 65_535
"""Bytes at the end of a ZIP in which its directory ends."""
_MAIL: Final = re.compile(rb"^content-transfer-encoding:[ \t]*(base64|x-uuencode)", re.IGNORECASE | re.MULTILINE)
_ENCRYPTED: Final = 0x1
_FLAGS: Final = ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8))
"""The heads of a ZIP's member and of its entry in the directory, and where their flags lie."""
_DEEPER: Final = 110
"""Levels: clamd's MaxRecursion is 100 at most."""


def packed(data: bytes) -> bool:
    """Whether content is an archive, or a message with something packed in it. Source: file(1)'s list of magic."""
    if data.startswith(_STARTS) or any(data.startswith(mark, at) for at, mark in _STARTS_LATER):
        return True
    return any(mark in data for mark in _ANYWHERE) or _ZIP_END in data[-_ZIP_TAIL:] or _MAIL.search(data) is not None


def encrypted() -> bytes:
    """A ZIP whose one member says that it is encrypted. Source: PKWARE's APPNOTE, 4.4.4."""
    data = bytearray(_zipped(b"nothing but this line, which nobody can read"))
    for head, at in _FLAGS:
        data[data.index(head) + at] |= _ENCRYPTED
    return bytes(data)


def nested() -> bytes:
    """A ZIP in a ZIP, deeper than any engine looks."""
    data = b"nothing but this line"
    for _ in range(_DEEPER):
        data = _zipped(data)
    return data


def _zipped(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("a"), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()
