"""The antivirus server: what an engine finds in files by their content; quarantine holds until a file is restored."""

import base64
import binascii
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from servers.antivirus.backend import Engine, Finding, HashList, Reloading
from servers.antivirus.clamd import Clamd
from servers.antivirus.embedded import LabEngine
from servers.antivirus.hashes import SignatureFolder
from servers.antivirus.models import (
    DirectoryScan,
    EngineStatus,
    HashFinding,
    Held,
    Moved,
    Quarantine,
    Reloaded,
    Scan,
    Unscanned,
)
from servers.antivirus.settings import AntivirusSettings
from servers.antivirus.vault import Manifest, QuarantineId, Vault, id_of
from servers.embedded import Reason, Sha256
from servers.errors import NotFoundError, ToolError
from servers.folders import FilePath, Folders, Glob, Place, folders_of, whole
from servers.kit import Cursor, Limit, Problem, Reply, SecurityServer, build_server, paged
from servers.kit.changes import Change, Plan, Undo
from servers.kit.envelope import iso
from servers.kit.guards import Hit
from servers.kit.server import wall_clock
from servers.kit.tool import Method
from servers.parts import Parts

ROOTS: Final = "MCPSOC_ANTIVIRUS_ROOTS"
INSTRUCTIONS: Final = (
    "Files are scanned by content, below the opened folders only. incomplete is not clean, and neither is unknown. "
    "Quarantine takes the sha256 that a scan gave and holds until the file is restored."
)
MOST_FILES: Final = 2_000
"""Files that one call looks at."""
_NO_CONTENT: Final = frozenset({"symbolic_link", "special_file"})
"""Reasons why a name was passed over that leave nothing unseen."""
_PASSED_OVER: Final = frozenset({"not_a_file", "forbidden", "unreadable", "too_large", "engine_error", "not_found"})
Base64 = Annotated[str, Field(min_length=1, max_length=2_800_000, pattern="^[A-Za-z0-9+/=]+$")]
"""Bytes in Base64, 2 MB at most."""
Hash = Annotated[str, Field(pattern="^([0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$")]
"""MD5, SHA-1 or SHA-256 in hex."""


@dataclass(slots=True)
class _Tally:
    """What a walk through a folder has come to so far."""

    scanned: int = 0
    found: list[Scan] = field(default_factory=list)
    unscanned: Counter[str] = field(default_factory=Counter)
    ended_early: bool = False


class Antivirus:
    """Tools over one engine, the folders it may look into, and the quarantine."""

    def __init__(
        self,
        engine: Engine,
        hashes: HashList | None,
        folders: Folders,
        vault: Vault,
        settings: AntivirusSettings,
        own: tuple[Path, ...] = (),
        clock: Callable[[], datetime] = wall_clock,
        budget_s: float = 12.0,
    ) -> None:
        """`own` are folders of this program, whose files are never moved; `budget_s` is the time a walk may take."""
        self._engine, self._hashes, self._folders, self._vault = engine, hashes, folders, vault
        self._settings, self._own, self._clock, self._budget_s = settings, own, clock, budget_s

    def antivirus_scan_file(self, path: FilePath) -> Reply[Scan]:
        """Scan one file by its content. `incomplete` is not clean."""
        data = self._folders.read(path, self._settings.most_bytes)
        found = self._engine.scan(data)
        scan = _scan(found, data, path)
        return Reply(scan, _said(scan, found), query=f"scan {scan.sha256}")

    def antivirus_scan_bytes(self, content_base64: Base64) -> Reply[Scan]:
        """Scan bytes that are given, such as an attachment."""
        data = _bytes(content_base64)
        found = self._engine.scan(data)
        scan = _scan(found, data, None)
        return Reply(scan, _said(scan, found), query=f"scan {scan.sha256}")

    def antivirus_scan_directory(
        self, path: FilePath, glob: Glob = "*", limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[DirectoryScan]:
        """Scan the files below a folder whose names fit; rows are those not clean, with counts of all."""
        tally = self._walk(path, glob)
        page = paged(tally.found, limit, cursor)
        infected = sum(scan.verdict == "infected" for scan in tally.found)
        data = DirectoryScan(
            found=list(page.rows),
            scanned=tally.scanned,
            infected=infected,
            incomplete=len(tally.found) - infected,
            unscanned=[Unscanned(reason=reason, files=count) for reason, count in sorted(tally.unscanned.items())],
        )
        text = f"{infected} infected of {tally.scanned} files scanned"
        return page.reply(data, text, stale=_unseen(tally))

    def antivirus_lookup_hash(self, digest: Hash) -> Reply[HashFinding]:
        """What is known of a file by its hash alone. no_data: no list knows it, which does not mean clean."""
        known = None if self._hashes is None else self._hashes.lookup(digest.lower())
        if known is None:
            raise NotFoundError("no list knows this hash", "unknown is not clean")
        data = HashFinding(digest=digest.lower(), known=known.known, name=known.name, source=known.source)
        return Reply(data, f"{known.known} by {known.source}")

    def antivirus_engine_status(self) -> Reply[EngineStatus]:
        """Engine, version and age of its signatures, with a warning when they are old or their age is unknown."""
        status = self._engine.status()
        age = None if status.signatures_at is None else self._clock() - status.signatures_at
        old = None if age is None else age > timedelta(hours=self._settings.old_after_hours)
        data = EngineStatus(
            engine=status.engine,
            version=status.version,
            signatures_at=None if status.signatures_at is None else iso(status.signatures_at),
            age_hours=None if age is None else round(age.total_seconds() / 3600, 1),
            signatures=status.signatures,
            old=old,
            warning="; ".join(told for told in (_warning(old), status.blind) if told) or None,
            queue=status.queue,
        )
        return Reply(data, f"{status.engine} {status.version}" + (f"; {data.warning}" if data.warning else ""))

    def antivirus_list_quarantine(self, limit: Limit = 20, cursor: Cursor = None) -> Reply[Quarantine]:
        """Files that are held: where they were, since when, and why."""
        page = paged(self._vault.listed(), limit, cursor)
        data = Quarantine(held=[_held(manifest) for manifest in page.rows])
        return page.reply(data, f"{page.total} files held")

    def antivirus_quarantine_file(self, path: FilePath, sha256: Sha256, reason: Reason) -> Reply[Moved]:
        """Move a file with exactly this content out of reach; it is held until antivirus_restore_file."""
        held = self._vault.take(path, sha256, reason, self._clock())
        moved = Moved(quarantine_id=held.quarantine_id, sha256=held.sha256, path=path, change="quarantined")
        return Reply(moved, "1 file quarantined")

    def antivirus_restore_file(self, quarantine_id: QuarantineId, reason: Reason) -> Reply[Moved]:
        """Put a held file back where it was, unchanged and never over another file."""
        back = self._vault.restore(quarantine_id)
        moved = Moved(quarantine_id=quarantine_id, sha256=back.sha256, path=back.path, change="restored")
        return Reply(moved, "1 file restored")

    def plan_quarantine(self, path: str, sha256: str, reason: str) -> Plan:
        """One file leaves its folder; its other names, if it has any, stay. Raises: ToolError."""
        found = self._vault.check(path, sha256)
        resolved = Path(path).resolve()
        ours = any(resolved.is_relative_to(own.resolve()) for own in self._own)
        hits = (Hit("own_files", "the file belongs to this program"),) if ours else ()
        names = f"; {found.st_nlink - 1} other names keep its content" if found.st_nlink > 1 else ""
        named = id_of(path, sha256)
        undo = Undo("antivirus_restore_file", {"quarantine_id": named})
        return Plan(_target(named, sha256), f"1 file of {found.st_size} bytes{names}", undo, hits=hits)

    def quarantined(self, path: str, sha256: str, reason: str) -> bool:
        """Whether the file is gone from its place and held unchanged."""
        return self._vault.taken(path, sha256)

    def plan_restore(self, quarantine_id: str, reason: str) -> Plan:
        """One file comes back. Raises: ToolError when something stands in its place."""
        manifest = self._vault.held(quarantine_id)
        if not self._vault.free(manifest.path):
            raise ToolError("exists", "another file stands there", "move it away first; nothing is written over")
        target = _target(quarantine_id, manifest.sha256)
        return Plan(target, f"1 file of {manifest.size} bytes can be opened again")

    def restored(self, quarantine_id: str, reason: str) -> bool:
        """Whether the file is back with its content."""
        return self._vault.restored(quarantine_id)

    def probe(self) -> str:
        """The engine and its version. Raises: ToolError when it does not answer."""
        status = self._engine.status()
        return f"{status.engine} {status.version}" + (f"; {status.blind}" if status.blind else "")

    def _walk(self, path: str, glob: str) -> _Tally:
        tally, end = _Tally(), time.monotonic() + self._budget_s
        with self._folders.walk(path, glob) as places:
            for number, place in enumerate(places):
                if number >= MOST_FILES or time.monotonic() > end:
                    tally.ended_early = True
                    break
                self._look(place, tally)
        return tally

    def _look(self, place: Place, tally: _Tally) -> None:
        """Scan one file of a walk. Raises: ToolError when the engine is gone, for then nothing is known."""
        try:
            with place.opened() as handle:
                data = whole(handle, self._settings.most_bytes)
            scan = _scan(self._engine.scan(data), data, place.path)
        except ToolError as problem:
            if problem.code not in _NO_CONTENT | _PASSED_OVER:
                raise
            tally.unscanned[problem.code] += 1
            return
        tally.scanned += 1
        if scan.verdict != "clean":
            tally.found.append(scan)


class Reload:
    """The one change of an engine that reads its signatures anew."""

    def __init__(self, engine: Reloading) -> None:
        self._engine = engine

    def antivirus_reload_signatures(self, reason: Reason) -> Reply[Reloaded]:
        """Have the engine read its signature files anew; scans go on meanwhile."""
        self._engine.reload()
        return Reply(Reloaded(engine="clamd", change="reloading"), "the engine reads its signatures anew")

    def plan(self, reason: str) -> Plan:
        """What is on disk becomes what is found."""
        return Plan("clamd", "every scan from then on uses the signatures on disk")

    def read_back(self, reason: str) -> None:
        """clamd does not tell which signatures it has loaded, so that a reload cannot be read back."""


def build(parts: Parts, settings: AntivirusSettings) -> SecurityServer:
    """The antivirus server over the engine that is configured, or over the lab."""
    chosen = parts.backend(settings.backend)
    folders = Folders(folders_of(settings.roots), ROOTS)
    home = settings.quarantine or parts.settings.root / "quarantine"
    vault = Vault(home, folders, settings.most_bytes)
    budget_s = parts.conditions.timeout_s * 0.6
    if chosen == "clamd":
        clamd = _clamd(settings, parts.conditions.timeout_s * 0.5)
        hashes = None if settings.database is None else SignatureFolder(settings.database)
        tools = Antivirus(clamd, hashes, folders, vault, settings, (parts.settings.root, home), wall_clock, budget_s)
        product = f"ClamAV at {settings.address or settings.socket}, quarantine in {home}"
        return _server(parts, settings, tools, hashes is not None, product, Reload(clamd))
    lab = LabEngine(parts.door)
    own = (parts.settings.root, home)
    tools = Antivirus(lab, lab, folders, vault, settings, own, parts.door.now, budget_s)
    return _server(parts, settings, tools, True, f"embedded, quarantine in {home}")


def _server(
    parts: Parts,
    settings: AntivirusSettings,
    tools: Antivirus,
    lookups: bool,
    product: str,
    reload: Reload | None = None,
) -> SecurityServer:
    reads: list[Method] = [tools.antivirus_scan_file, tools.antivirus_scan_bytes, tools.antivirus_scan_directory]
    reads += [tools.antivirus_lookup_hash] if lookups else []
    reads += [tools.antivirus_engine_status, tools.antivirus_list_quarantine]
    return build_server(
        "antivirus",
        reads=reads,
        changes=[*_quarantine(tools), *([] if reload is None else [_reload(reload)])],
        backend="embedded" if reload is None else "real",
        synthetic=reload is None,
        clock=parts.door.now if reload is None else wall_clock,
        probe=tools.probe,
        instructions=INSTRUCTIONS,
        product=product,
        settings=settings,
        conditions=parts.conditions,
    )


def _quarantine(tools: Antivirus) -> Iterable[Change]:
    yield Change(
        tools.antivirus_quarantine_file,
        tools.plan_quarantine,
        tools.quarantined,
        risk="medium",
        expiry="hold",
        undo="antivirus_restore_file",
    )
    yield Change(tools.antivirus_restore_file, tools.plan_restore, tools.restored, risk="high")


def _reload(reload: Reload) -> Change:
    return Change(reload.antivirus_reload_signatures, reload.plan, reload.read_back, risk="low")


def _clamd(settings: AntivirusSettings, timeout_s: float) -> Clamd:
    if not settings.address:
        return Clamd(settings.socket, timeout_s, settings.database)
    host, _, port = settings.address.rpartition(":")
    return Clamd((host, int(port)), timeout_s, settings.database)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ToolError("invalid_argument", "content_base64 is no Base64", "standard alphabet, with padding") from None


def _scan(finding: Finding, data: bytes, path: str | None) -> Scan:
    digest = hashlib.sha256(data).hexdigest()
    return Scan(path=path, sha256=digest, size=len(data), verdict=finding.verdict, signature=finding.signature)


def _said(scan: Scan, found: Finding) -> str:
    return f"{scan.verdict}, {scan.size} bytes" + (f"; {found.why}" if found.why else "")


def _target(quarantine_id: str, sha256: str) -> str:
    """A file as records name it: by its place too, for the same content may be held from several."""
    return f"{sha256.lower()} as {quarantine_id}"


def _held(manifest: Manifest) -> Held:
    return Held(
        quarantine_id=manifest.quarantine_id,
        sha256=manifest.sha256,
        size=manifest.size,
        since=iso(manifest.since),
        path=manifest.path,
        reason=manifest.reason,
    )


def _warning(old: bool | None) -> str | None:
    if old is None:
        return "the age of the signatures is unknown"
    return "the signatures are old: what is clean today may not be" if old else None


def _unseen(tally: _Tally) -> Problem | None:
    """What a walk left unseen, so that finding nothing there proves nothing."""
    missed = sum(count for reason, count in tally.unscanned.items() if reason not in _NO_CONTENT)
    if tally.ended_early:
        message = f"only {tally.scanned} files were scanned before time or number was used up"
        return Problem("not_covered", message, "scan smaller folders, or narrow the glob")
    if missed:
        return Problem("not_covered", f"{missed} files were not scanned", "unscanned says why")
    return None
