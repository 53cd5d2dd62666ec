"""How far a capture can be read: whole, cut, garbled, of both formats, and what the engine would hang on."""

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from servers.errors import ToolError
from servers.ids.capture import Walk, walked
from tests.servers.ids.packets import capture

PACKETS = 9
SECTION = (0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
ETHERNET, PPP = ((1, struct.pack("<HHI", link, 0, 65535)) for link in (1, 9))
PACKET = (6, struct.pack("<IIIII", 0, 0, 0, 4, 4) + b"data")


def blocks(path: Path, *given: tuple[int, bytes]) -> Path:
    """A capture of pcapng."""
    rows = (struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body)) for kind, body in given)
    path.write_bytes(b"".join(rows))
    return path


def changed(path: Path, at: int, value: bytes) -> Path:
    """The same file with something else at a place."""
    data = bytearray(path.read_bytes())
    data[at : at + len(value)] = value
    path.write_bytes(data)
    return path


def test_whole_captures_are_read_to_their_end(tmp_path: Path) -> None:
    """In both formats; nothing is made of what is not cut."""
    plain = walked(capture(tmp_path / "plain"))
    blocked = walked(blocks(tmp_path / "blocked", SECTION, ETHERNET, PACKET, ETHERNET, PACKET, SECTION, ETHERNET))

    assert (plain.packets, plain.link, plain.cut) == (PACKETS, 1, False)
    assert (blocked.packets, blocked.link, blocked.cut) == (2, 1, False)


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0, 262_145])
def test_record_of_an_impossible_length_ends_the_capture(tmp_path: Path, length: int) -> None:
    """The engine would take what follows for packets, or stop without a word."""
    path = capture(tmp_path / "case.pcap")
    first = 24 + 16 + struct.unpack("<I", path.read_bytes()[32:36])[0]
    found = walked(changed(path, first + 8, struct.pack("<I", length)))

    assert found == Walk(1, 1, first, path.stat().st_size)


@pytest.mark.parametrize(
    "after",
    [[PPP, PACKET], [(6, PACKET[1][:12] + struct.pack("<I", 500) + PACKET[1][16:])], [(6, b"")]],
    ids=["another link", "packet beyond its block", "no room for a packet"],
)
def test_block_that_cannot_be_is_where_reading_ends(tmp_path: Path, after: Sequence[tuple[int, bytes]]) -> None:
    """A capture of several links is read up to the first other one, as the engine does."""
    found = walked(blocks(tmp_path / "case.pcapng", SECTION, ETHERNET, PACKET, *after, PACKET))
    last = walked(blocks(tmp_path / "last.pcapng", SECTION, ETHERNET, PACKET, *after))

    assert (found.packets, found.cut) == (last.packets, last.cut) == (1, True)


def test_block_whose_ends_do_not_agree_is_garbled(tmp_path: Path) -> None:
    """Its length stands at both ends, so that this is seen."""
    path = blocks(tmp_path / "case.pcapng", SECTION, ETHERNET, PACKET, PACKET)
    found = walked(changed(path, path.stat().st_size - 4, struct.pack("<I", 40)))

    assert (found.packets, found.whole) == (1, path.stat().st_size - 36)


@pytest.mark.parametrize(
    ("cut", "link", "code"),
    [
        (24, 1, "no whole packet"),
        (80, 1, "no whole packet"),
        (1_000, 147, "link type 147"),
        (20, 1, "no packet capture"),
    ],
    ids=["head alone", "first packet cut", "unknown link", "half a head"],
)
def test_what_the_engine_would_wait_for_is_an_error_at_once(tmp_path: Path, cut: int, link: int, code: str) -> None:
    """It does not end by itself over such a capture, and being killed says nothing of the reason."""
    path = changed(capture(tmp_path / "case.pcap"), 20, struct.pack("<I", link))
    path.write_bytes(path.read_bytes()[:cut])

    with pytest.raises(ToolError, match=code):
        walked(path)
