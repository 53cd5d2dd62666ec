"""Hash signatures of ClamAV in files of one's own: what they call a content, and what they allow.

Source: ClamAV signature format: `.hdb` and `.hsb` are `hash:size:name`, `.fp` and `.sfp` the same for allowed files;
`.hdu` and `.hsu` hold what is found only on demand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from servers.antivirus.backend import Known
from servers.errors import ToolError

_BAD: Final = (".hdb", ".hsb", ".hdu", ".hsu")
_ALLOWED: Final = (".fp", ".sfp")
_MOST_BYTES: Final = 64_000_000
"""Of one signature file; a longer one belongs into the engine's compiled form."""
_LINE = re.compile(
    r"(?P<hash>[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}):(?P<size>\d+|\*):(?P<name>[^:\s]+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class SignatureFolder:
    """The plain hash signatures in a folder. Compiled databases (`.cvd`, `.cld`) are not looked into."""

    path: Path

    def lookup(self, digest: str) -> Known | None:
        """The first entry for a hash; allowed files come first, as with the engine. Raises: ToolError."""
        for suffixes in (_ALLOWED, _BAD):
            for file in self._files(suffixes):
                if (name := _named(file, digest)) is not None:
                    return Known("allowed" if suffixes is _ALLOWED else "malicious", name, file.name)
        return None

    def _files(self, suffixes: tuple[str, ...]) -> Iterator[Path]:
        try:
            found = sorted(path for path in self.path.iterdir() if path.suffix in suffixes)
        except OSError:
            raise ToolError(
                "unreachable", "the folder of signatures cannot be read", "see MCPSOC_ANTIVIRUS_DATABASE"
            ) from None
        yield from found


def _named(file: Path, digest: str) -> str | None:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ToolError("too_large", "a file of hash signatures is too long to be searched", "use the engine")
        with file.open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                if (match := _LINE.match(line)) is not None and match["hash"].lower() == digest:
                    return match["name"]
    except OSError:
        raise ToolError(
            "unreachable",
            "a file of hash signatures cannot be read",
            "see MCPSOC_ANTIVIRUS_DATABASE, and who may read it",
        ) from None
    return None
