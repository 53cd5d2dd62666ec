"""How far a packet capture can be read: its records are walked before an engine sees them.

A capture without a packet, or of a link that the engine does not know, makes the engine wait until it is killed, and
what is cut or garbled in the middle it passes over without a word.
Source: draft-ietf-opsawg-pcap, sections 4 and 5; draft-ietf-opsawg-pcapng, sections 3 and 4.
"""

import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from servers.kit import ToolError

LINKS: Final = frozenset({0, 1, 9, 12, 101, 104, 113, 228, 229, 778})
"""Link types that Suricata 7 reads: loopback, Ethernet, PPP, raw IP, Cisco HDLC, Linux cooked, GRE over IP.
Source: its src/source-pcap-file-helper.c; https://www.tcpdump.org/linktypes.html."""
MOST_PACKETS: Final = 2_000_000
"""Packets of one capture that are walked: some seconds."""
_LONGEST: Final = 262_144
"""Bytes of one packet, as libpcap has it."""
_ORDERS: Final = {"d4c3b2a1": "<", "4d3cb2a1": "<", "a1b2c3d4": ">", "a1b23c4d": ">"}
"""Heads of pcap, with microseconds and nanoseconds, and the byte order each tells."""
_NUMBERS: Final = {order: struct.Struct(f"{order}I").unpack_from for order in "<>"}
_SECTION: Final = 0x0A0D0D0A
"""The block a pcapng begins with; it reads the same in both byte orders."""
_SECTION_ORDERS: Final = {"4d3c2b1a": "<", "1a2b3c4d": ">"}
_INTERFACE: Final = 1
_SIMPLE_PACKET: Final = 3
_PACKETS: Final = frozenset({2, _SIMPLE_PACKET, 6})
_HEAD: Final = 24
_Bytes: TypeAlias = bytes | mmap.mmap


@dataclass(frozen=True, slots=True)
class Walk:
    """What can be read of a capture."""

    packets: int
    link: int | None
    """Link type of all its packets; None where none is told."""
    whole: int
    """Bytes up to the first record that is cut or garbled."""
    size: int

    @property
    def cut(self) -> bool:
        """Whether something follows that cannot be read."""
        return self.whole < self.size


def walked(path: Path) -> Walk:
    """The records of a file. Raises: ToolError for what is no capture, or holds nothing that the engine reads."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        order = _ORDERS.get(head[:4].hex())
        if len(head) < _HEAD or (order is None and head[:4] != _SECTION.to_bytes(4)):
            raise ToolError("not_a_capture", "the file is no packet capture", "pcap or pcapng")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = _blocks(data) if order is None else _records(data, order)
    if not found.packets:
        raise ToolError("unreadable", "the capture holds no whole packet", "is it cut?")
    if found.link not in LINKS:
        raise ToolError("unreadable", f"the engine does not know link type {found.link}", "capture on one interface")
    return found


def _records(data: _Bytes, order: str) -> Walk:
    """pcap: a head, then a record for each packet."""
    size, at, packets, number = len(data), _HEAD, 0, _NUMBERS[order]
    link = number(data, 20)[0] & 0xFFFF
    while at + 16 <= size:
        length = number(data, at + 8)[0]
        if not 0 < length <= _LONGEST or at + 16 + length > size:
            break
        at, packets = at + 16 + length, _counted(packets)
    return Walk(packets, link, at, size)


def _blocks(data: _Bytes) -> Walk:
    """pcapng: blocks with their length at both ends. All interfaces have to be alike, as libpcap wants them."""
    size, at, packets, order = len(data), 0, 0, "<"
    interface, link = b"", None
    while at + 12 <= size:
        number = _NUMBERS[order]
        kind = number(data, at)[0]
        if kind == _SECTION:
            order = _SECTION_ORDERS.get(data[at + 8 : at + 12].hex(), order)
            number = _NUMBERS[order]
        length = number(data, at + 4)[0]
        end = at + length
        if length < 12 or length % 4 or end > size or number(data, end - 4)[0] != length:
            break
        if kind == _INTERFACE:
            told = data[at + 8 : at + 16]
            if interface not in (b"", told):
                break
            interface, link = told, struct.unpack(f"{order}H", told[:2])[0]
        elif kind in _PACKETS:
            if not interface or (kind != _SIMPLE_PACKET and not _holds(number, data, at, length)):
                break
            packets = _counted(packets)
        at = end
    return Walk(packets, link, at, size)


def _holds(number: Callable[[_Bytes, int], tuple[int, ...]], data: _Bytes, at: int, length: int) -> bool:
    """Whether the packet of a block fits into it."""
    return length >= 32 and 0 < number(data, at + 20)[0] <= min(length - 32, _LONGEST)


def _counted(packets: int) -> int:
    if packets >= MOST_PACKETS:
        raise ToolError("too_large", f"the capture holds more than {MOST_PACKETS} packets", "cut it into parts")
    return packets + 1
