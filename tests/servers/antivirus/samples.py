"""Content for scanners, made here: the test file in several wrappings. No scanner finds anything in this source."""

import io
import zipfile
import zlib
from email.message import EmailMessage

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"


def zipped(name: str, content: bytes, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP with one member."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", packing) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def locked(content: bytes) -> bytes:
    """A ZIP with one member that the password `infected` opens. Source: PKWARE's APPNOTE, 6.1."""
    plain, keys = zipped("a", content, zipfile.ZIP_STORED), [0x12345678, 0x23456789, 0x34567890]
    checked = zipfile.ZipFile(io.BytesIO(plain)).infolist()[0].CRC
    body = _enciphered(bytes(11) + bytes([checked >> 24]) + content, keys, b"infected")
    head, entry = plain.index(b"PK\x03\x04"), plain.index(b"PK\x01\x02")
    end = plain.index(b"PK\x05\x06")
    first, listed, last = bytearray(plain[head:31]), bytearray(plain[entry:end]), bytearray(plain[end:])
    for part, flags, size in ((first, 6, 18), (listed, 8, 20)):
        part[flags] |= 1
        part[size : size + 4] = len(body).to_bytes(4, "little")
    last[16:20] = (len(first) + len(body)).to_bytes(4, "little")
    return bytes(first + body + listed + last)


def _enciphered(content: bytes, keys: list[int], password: bytes) -> bytes:
    def turn(byte: int) -> None:
        keys[0] = _crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = _crc(keys[2], keys[1] >> 24)

    for byte in password:
        turn(byte)
    made = bytearray()
    for byte in content:
        mask = keys[2] | 2
        made.append(byte ^ ((mask * (mask ^ 1)) >> 8 & 255))
        turn(byte)
    return bytes(made)


def _crc(before: int, byte: int) -> int:
    return ~zlib.crc32(bytes([byte]), ~before & 0xFFFFFFFF) & 0xFFFFFFFF


def mailed(name: str, content: bytes) -> bytes:
    """A message with one attachment."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Report"
    message.set_content("see attached")
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()
