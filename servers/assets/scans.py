"""Scans by nmap, read from the XML it writes: hosts, ports, services and what they said of themselves.

Source: nmap.dtd of nmap 7.93. Entities and outside references are refused by defusedxml; sizes are bounded here. Names,
products and banners are what the scanned machines said: outside text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from servers.assets.inventory import plain_mac
from servers.errors import ToolError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_BYTES: Final = 32_000_000
MOST_FILES: Final = 500
MOST_HOSTS: Final = 20_000
MOST_PORTS: Final = 2_000
"""Ports of one host that are kept."""
LONGEST: Final = 200
"""Characters of a text that are kept."""
_STATES: Final = frozenset({"open", "closed", "filtered", "open|filtered", "closed|filtered", "unfiltered"})


@dataclass(frozen=True, slots=True)
class Service:
    """One port and what answered there."""

    port: int
    protocol: str
    state: str
    name: str | None
    product: str | None
    version: str | None
    banner: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One host that was up."""

    at: datetime
    ip: str
    mac: str | None
    names: tuple[str, ...]
    services: tuple[Service, ...]
    ports_looked_at: bool = True
    """False for a look whether it is up (`nmap -sn`)."""

    @property
    def open_ports(self) -> int:
        """How many ports were open."""
        return sum(service.state == "open" for service in self.services)


@dataclass(frozen=True, slots=True)
class Scan:
    """One run of nmap."""

    at: datetime
    arguments: str
    finished: bool
    hosts: tuple[Seen, ...]


def parse_scan(data: bytes) -> Scan:
    """One file of nmap. Raises: ValueError, in our own words, for anything else."""
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(data, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except ParseError as error:
        raise ValueError(f"line {error.position[0]}: no XML") from None
    except (DefusedXmlException, ValueError, LookupError):
        raise ValueError("XML of a kind that is not read") from None
    if root.tag != "nmaprun" or root.get("scanner") != "nmap":
        raise ValueError("no scan by nmap")
    at = _time(root.get("start"))
    if at is None:
        raise ValueError("a scan without its time")
    finished = (run := root.find("runstats/finished")) is not None and run.get("exit", "success") == "success"
    return Scan(at, root.get("args", ""), finished, tuple(_hosts(root, at)))


def _hosts(root: "Element", began: datetime) -> Iterator[Seen]:
    elements = root.findall("host")
    if len(elements) > MOST_HOSTS:
        raise ValueError(f"more than {MOST_HOSTS} hosts")
    for host in elements:
        status = host.find("status")
        addresses = {each.get("addrtype"): each.get("addr", "") for each in host.findall("address")}
        ip = _ip(addresses.get("ipv4") or addresses.get("ipv6") or "")
        if ip is not None and status is not None and status.get("state") == "up":
            names = tuple(_cut(each.get("name")) or "" for each in host.findall("hostnames/hostname")[:20])
            ports = host.findall("ports/port")
            if len(ports) > MOST_PORTS:
                ports = [each for each in ports if _state(each) == "open"][:MOST_PORTS]
            services = tuple(found for each in ports if (found := _service(each)) is not None)
            at = _time(host.get("endtime")) or began
            looked_at = host.find("ports") is not None
            yield Seen(at, ip, _mac(addresses.get("mac")), tuple(name for name in names if name), services, looked_at)


def _service(port: "Element") -> Service | None:
    number, protocol, state = port.get("portid", ""), port.get("protocol", ""), _state(port)
    known = protocol in ("tcp", "udp", "sctp") and state in _STATES
    if not known or not re.fullmatch(r"[0-9]{1,5}", number) or int(number) > 65_535:
        return None
    told = port.find("service")
    name, product, version = (None if told is None else _cut(told.get(each)) for each in ("name", "product", "version"))
    banner = next((_cut(each.get("output")) for each in port.findall("script") if each.get("id") == "banner"), None)
    return Service(int(number), protocol, state, name, product, version, banner)


def _state(port: "Element") -> str:
    found = port.find("state")
    return "" if found is None else found.get("state", "")


def _cut(text: str | None) -> str | None:
    return text[:LONGEST] if text else None


def _ip(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _mac(text: str | None) -> str | None:
    try:
        return None if text is None else plain_mac(text)
    except ValueError:
        return None


def _time(text: str | None) -> datetime | None:
    """Seconds since 1970."""
    if text is None or not re.fullmatch(r"[0-9]{1,11}", text):
        return None
    return datetime.fromtimestamp(int(text), UTC)


@dataclass(frozen=True)
class Scans:
    """The scans in one folder; each file is read again when it has changed."""

    folder: Path
    _kept: dict[str, tuple[tuple[int, int, int], Scan]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def all(self) -> Sequence[Scan]:
        """Every scan, oldest first. Raises: ToolError for a file that is none: a host left out would look unknown."""
        with self._lock:
            found = {path.name: self._scan(path) for path in self._files()}
            for name in self._kept.keys() - found.keys():
                del self._kept[name]
        return sorted(found.values(), key=lambda scan: scan.at)

    def hosts(self, until: datetime, *, ports: bool = False) -> Sequence[Seen]:
        """Each address as it was last seen up to a time, by address; by scans alone that looked at `ports`."""
        latest: dict[str, Seen] = {}
        for scan in self.all():
            for host in scan.hosts:
                counts = host.at <= until and (host.ports_looked_at or not ports)
                if counts and (host.ip not in latest or latest[host.ip].at <= host.at):
                    latest[host.ip] = host
        return sorted(latest.values(), key=lambda host: (len(host.ip), host.ip))

    def _files(self) -> Sequence[Path]:
        try:
            files = sorted(path for path in self.folder.iterdir() if path.suffix == ".xml" and path.name[0] != ".")
        except OSError:
            raise _broken("the folder cannot be read") from None
        if len(files) > MOST_FILES:
            raise _broken(f"the folder holds more than {MOST_FILES} files")
        return files

    def _scan(self, path: Path) -> Scan:
        try:
            stat = path.stat()
            state = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if (kept := self._kept.get(path.name)) is not None and kept[0] == state:
                return kept[1]
            if stat.st_size > MOST_BYTES:
                raise _broken(f"a file has more than {MOST_BYTES} bytes")
            scan = parse_scan(path.read_bytes())
        except OSError:
            raise _broken("a file cannot be read") from None
        except ValueError as error:
            raise _broken(f"{_plain(path.name)}: {error}") from None
        self._kept[path.name] = (state, scan)
        return scan


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "?", name)[:80]


def _broken(why: str) -> ToolError:
    hint = "no scan is used until then; see MCPSOC_ASSETS_SCANS"
    return ToolError("scan_broken", f"the scans cannot be used: {why}", hint)
