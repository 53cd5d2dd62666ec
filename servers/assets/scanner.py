"""nmap of our own: connections alone, no raw packets; its XML joins the other scans when it is whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Final, TypeAlias

from knowledge.trust.owned_files import replace_file
from servers.assets.scans import MOST_BYTES, Scan, Scans, parse_scan
from servers.assets.settings import AssetsSettings
from servers.errors import ToolError
from servers.kit.programs import run

Network: TypeAlias = IPv4Network | IPv6Network
_WORDS: Final = ("-n", "-Pn", "-sT", "-sV", "--version-light", "--script", "banner", "-T4", "--max-retries", "1", "-F")
_RECENT: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Scanner:
    """Scans what the operator permits."""

    settings: AssetsSettings
    scans: Scans

    def permits(self, network: Network) -> bool:
        """Whether one configured network holds all of it."""
        return any(_covers(each, network) for each in self.settings.scan_networks)

    def scan(self, network: Network) -> Scan:
        """Scan and keep. Raises: ToolError."""
        began = datetime.now(UTC)
        ran = run(self._command(network), timeout_s=self.settings.scan_timeout_s, most_bytes=MOST_BYTES)
        if ran.code != 0:
            raise ToolError("scan_failed", f"nmap ended with code {ran.code}", "its rights, or the namespace")
        try:
            scan = parse_scan(ran.stdout)
        except ValueError as error:
            raise ToolError("scan_failed", f"nmap wrote no scan: {error}", "") from None
        file = self.scans.folder / f"mcpsoc-{began:%Y%m%dT%H%M%S%f}.xml"
        try:
            replace_file(file, ran.stdout)
        except OSError:
            raise ToolError("unwritable", "the scan cannot be kept", "see MCPSOC_ASSETS_SCANS") from None
        return scan

    def has(self, network: Network) -> bool:
        """Whether a finished scan of exactly this network, of the last minutes, is among the scans."""
        since = datetime.now(UTC) - _RECENT
        wanted = str(network)
        found = (scan for scan in self.scans.all() if scan.at >= since and scan.finished)
        return any(scan.arguments.split()[-1:] == [wanted] for scan in found)

    def _command(self, network: Network) -> Sequence[str]:
        where = ("ip", "netns", "exec", self.settings.netns) if self.settings.netns else ()
        version = ("-6",) if network.version == 6 else ()
        limit = f"{max(1, int(self.settings.scan_timeout_s * 0.8))}s"
        return (*where, self.settings.nmap, *version, *_WORDS, "--host-timeout", limit, "-oX", "-", str(network))


def _covers(wide: Network, narrow: Network) -> bool:
    """Whether every address of `narrow` lies in `wide`."""
    if isinstance(wide, IPv4Network) and isinstance(narrow, IPv4Network):
        return narrow.subnet_of(wide)
    if isinstance(wide, IPv6Network) and isinstance(narrow, IPv6Network):
        return narrow.subnet_of(wide)
    return False
