"""Suricata over captures: a process of its own with limits, a configuration of our own, files that vanish afterwards.

What it says of itself at the end, rules loaded and packets read, tells whether no alert means anything.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from servers.folders import Folders
from servers.ids import eve
from servers.ids.backend import Record
from servers.ids.capture import Walk, walked
from servers.ids.models import Capture, KindCount, Tested, TriedEvent
from servers.ids.rules import ADDRESSES, DOMAINS, checked
from servers.kit import Problem, Reply, ToolError, paged
from servers.kit.inert import one_line
from servers.kit.programs import Ran, run

MOST_CAPTURE: Final = 256 * 1024 * 1024
MOST_EVENTS: Final = 64 * 1024 * 1024
"""Bytes of the engine's event log that are read."""
TIMEOUT_S: Final = 17.0
_LIMITS: Final = ("prlimit", "--as=4294967296", "--cpu=60", f"--fsize={2 * MOST_EVENTS}", "--core=0")
_PROTOCOLS: Final = (
    "http", "tls", "smtp", "ssh", "ftp", "smb", "nfs", "tftp", "krb5", "dhcp", "snmp", "rdp", "mqtt", "imap", "http2",
    "quic", "rfb", "sip",
)  # fmt: skip
_PORTS: Final = {
    "HTTP_PORTS": "80", "SHELLCODE_PORTS": "!80", "ORACLE_PORTS": "1521", "SSH_PORTS": "22", "DNP3_PORTS": "20000",
    "MODBUS_PORTS": "502", "FILE_DATA_PORTS": "[$HTTP_PORTS,110,143]", "FTP_PORTS": "21", "GENEVE_PORTS": "6081",
    "VXLAN_PORTS": "4789", "TEREDO_PORTS": "3544",
}  # fmt: skip
_NETS: Final = ("HTTP", "SMTP", "SQL", "DNS", "TELNET", "AIM", "DC")


@dataclass(frozen=True, slots=True)
class _Copy:
    """A capture that nobody can exchange."""

    sha256: str
    """Of the file as it came."""
    walk: Walk


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the engine made of a capture."""

    records: list[Record]
    """Events of the network, earliest first."""
    packets: int
    """How many it read."""
    loaded: int
    not_loaded: int
    """Rules it looked for, and rules it failed on or passed over."""


@dataclass(frozen=True, slots=True)
class SuricataEngine:
    """The program and what it works with."""

    program: str
    folders: Folders
    rule_files: tuple[Path, ...]
    """Rules a capture is analysed with."""
    home_net: str = "[10.0.0.0/8,172.16.0.0/12,192.168.0.0/16]"

    def analyse(self, path: str, limit: int, cursor: str | None) -> Reply[Capture]:
        """What the rules find in a capture."""
        with self._workshop() as shop, self._copied(path, shop) as copy:
            self._gather(shop)
            seen = self._over(shop)
        if not seen.loaded:
            message = "the engine loads none of the rules that captures are analysed with"
            raise ToolError("not_configured", message, "see MCPSOC_IDS_RULE_FILES; ids_test_rule tells what is wrong")
        alerts = [record for record in seen.records if record.kind == "alert"]
        page = paged(alerts, limit, cursor)
        kinds = Counter(record.kind for record in seen.records)
        data = Capture(
            file=path,
            sha256=copy.sha256,
            kinds=[KindCount(kind=kind, events=count) for kind, count in kinds.most_common()],
            alerts=[record.event() for record in page.rows],
        )
        text = f"{page.total} alerts in {len(seen.records)} events"
        return page.reply(data, text, sensor="suricata", beside=bool(seen.records), stale=_gap(copy.walk, seen))

    def try_rule(self, rule: str, path: str, limit: int, cursor: str | None) -> Reply[Tested]:
        """What one rule finds in a capture."""
        text = checked(rule)
        with self._workshop() as shop, self._copied(path, shop) as copy:
            (shop / "test.rules").write_text(f"{text}\n", "utf-8")
            if (complaint := self._complaint(shop)) is not None:
                data = Tested(valid=False, complaint=complaint, hits=0, alerts=[])
                return Reply(data, "the engine does not load the rule", beside=True)
            seen = self._over(shop)
        page = paged([record for record in seen.records if record.kind == "alert"], limit, cursor)
        data = Tested(valid=True, hits=page.total, alerts=[TriedEvent(record.event().root) for record in page.rows])
        text = f"{page.total} hits in {len(seen.records)} events"
        return page.reply(data, text, sensor="suricata", beside=True, stale=_gap(copy.walk, seen))

    def check(self, rules: Sequence[str]) -> None:
        """Have the engine load rules without effect. Raises: ToolError when it does not."""
        with self._workshop() as shop:
            (shop / "test.rules").write_text("".join(f"{rule}\n" for rule in rules), "utf-8")
            if self._complaint(shop) is not None:
                raise ToolError("invalid_argument", "the engine does not load these rules", "ids_test_rule tells why")

    def version(self) -> str:
        """Product and version. Raises: ToolError when the program is not there."""
        said = run([self.program, "-V"], timeout_s=TIMEOUT_S, most_bytes=10_000)
        words = (said.stdout + said.stderr).decode("utf-8", "replace").split()
        return f"Suricata {words[words.index('version') + 1]}" if "version" in words[:-1] else "Suricata"

    def _complaint(self, shop: Path) -> str | None:
        """What the engine says against the rules; None when it loads them."""
        said = self._run(shop, "-T")
        if said.code == 0:
            return None
        lines = said.stderr.decode("utf-8", "replace").splitlines()
        return one_line(
            " ".join(line for line in lines if line.startswith(("E:", "Error:"))).replace(str(shop), ""), 600
        )

    def _over(self, shop: Path) -> _Seen:
        """Every event of the capture. Raises: ToolError when the engine fails on it."""
        said = self._run(shop, "-r", str(shop / "capture"), "--runmode", "single", "-k", "none")
        log = shop / "eve.json"
        if said.code != 0 or not log.exists():
            raise ToolError("unreadable", "the engine cannot read this capture", "is it whole?")
        if log.stat().st_size > MOST_EVENTS:
            raise ToolError("too_large", "the capture gives more events than are read", "cut it into parts")
        return _seen(log.read_bytes().splitlines())

    def _run(self, shop: Path, *words: str) -> Ran:
        command = [*_LIMITS, self.program, "-c", str(shop / "engine.yaml"), "-S", str(shop / "test.rules")]
        said = run(
            [*command, "-l", str(shop), "--data-dir", str(shop), *words],
            timeout_s=TIMEOUT_S,
            most_bytes=4 * 1024 * 1024,
            folder=shop,
        )
        if said.code == 127:
            raise ToolError(
                "not_installed", "the program suricata is not there", "install suricata, or see MCPSOC_IDS_PROGRAM"
            )
        return said

    @contextmanager
    def _workshop(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="mcpsoc-ids-") as name:
            shop = Path(name)
            (shop / "engine.yaml").write_text(configuration(self.home_net), "utf-8")
            for dataset in (DOMAINS, ADDRESSES):
                (shop / f"{dataset}.lst").touch()
            yield shop

    @contextmanager
    def _copied(self, path: str, shop: Path) -> Iterator[_Copy]:
        """A copy of as much as can be read. Raises: ToolError for what is no capture, or one with nothing to read."""
        with self.folders.place(path) as place, place.opened() as handle:
            if os.fstat(handle).st_size > MOST_CAPTURE:
                raise ToolError("too_large", f"the capture has more than {MOST_CAPTURE} bytes", "cut it into parts")
            with os.fdopen(os.dup(handle), "rb") as source, (shop / "capture").open("wb") as copy:
                shutil.copyfileobj(source, copy, 1024 * 1024)
        with (shop / "capture").open("rb") as copied:
            digest = hashlib.file_digest(copied, "sha256").hexdigest()
        walk = walked(shop / "capture")
        os.truncate(shop / "capture", walk.whole)
        yield _Copy(digest, walk)

    def _gather(self, shop: Path) -> None:
        """The configured rules in one file. Raises: ToolError when one cannot be read."""
        try:
            with (shop / "test.rules").open("wb") as target:
                for file in self.rule_files:
                    target.write(file.read_bytes() + b"\n")
        except OSError:
            raise ToolError("unreadable", "a rule file cannot be read", "see MCPSOC_IDS_RULE_FILES") from None


def _seen(lines: Sequence[bytes]) -> _Seen:
    """The engine's log: events, and at its end its own figures. Raises: ToolError where these are missing."""
    records = [eve.parsed(line) for line in lines]
    figures = [line for record, line in zip(records, lines, strict=True) if record.kind == eve.STATS]
    try:
        told = json.loads(figures[-1])["stats"]
        rules, packets = told["detect"]["engines"][0], int(told["decoder"]["pkts"])
        loaded, not_loaded = int(rules["rules_loaded"]), int(rules["rules_failed"]) + int(rules.get("rules_skipped", 0))
    except (LookupError, TypeError, ValueError):
        raise ToolError("unreadable", "the engine does not tell which rules it loaded", "Suricata 6 or newer") from None
    events = sorted((each for each in records if each.kind != eve.STATS), key=lambda record: record.time)
    return _Seen(events, packets, loaded, not_loaded)


def _gap(walk: Walk, seen: _Seen) -> Problem | None:
    """Why no alert is not no attack."""
    missing = []
    if walk.cut:
        missing.append(f"{walk.whole} of {walk.size} bytes of the capture can be read, {walk.packets} packets")
    if seen.packets < walk.packets:
        missing.append(f"the engine read {seen.packets} of {walk.packets} packets")
    if seen.not_loaded:
        missing.append(f"the engine does not load {seen.not_loaded} of {seen.loaded + seen.not_loaded} rules")
    return Problem("partial", "; ".join(missing), "not everything was looked for") if missing else None


def configuration(home_net: str) -> str:
    """What the engine needs over a capture: every protocol read, one log, no scripts."""
    nets = "".join(f'    {name}_SERVERS: "$HOME_NET"\n' for name in _NETS)
    ports = "".join(f'    {name}: "{value}"\n' for name, value in _PORTS.items())
    protocols = "".join(f"    {name}: {{enabled: yes}}\n" for name in _PROTOCOLS)
    files = "".join(f"{setting}: {path}\n" for setting, path in _FILES.items() if Path(path).exists())
    return (
        f'%YAML 1.1\n---\nvars:\n  address-groups:\n    HOME_NET: "{home_net}"\n    EXTERNAL_NET: "!$HOME_NET"\n{nets}'
        f"  port-groups:\n{ports}{files}security:\n  lua: {{allow-rules: false}}\n"
        "datasets:\n  rules: {allow-absolute-filenames: false}\n"
        f"app-layer:\n  protocols:\n{protocols}{_DNS}"
        "stats: {enabled: yes}\n"
        "outputs:\n  - eve-log:\n      enabled: yes\n      filetype: regular\n      filename: eve.json\n      types:\n"
        + "".join(f"        - {kind}\n" for kind in _LOGGED)
    )


_FILES: Final = {
    "classification-file": "/etc/suricata/classification.config",
    "reference-config-file": "/etc/suricata/reference.config",
}
_DNS: Final = (
    "    dns: {udp: {enabled: yes, detection-ports: {dp: 53}}, tcp: {enabled: yes, detection-ports: {dp: 53}}}\n"
)
_LOGGED: Final = (
    "alert: {}", "http: {extended: yes}", "tls: {extended: yes}", "files: {force-hash: [sha256]}", "dns: {}", "ssh: {}",
    "smb: {}", "smtp: {}", "ftp: {}", "krb5: {}", "rdp: {}", "anomaly: {}", "flow: {}",
    "stats: {}",
)  # fmt: skip
