"""Unbound's control channel over its unix socket: one command a connection, answered in text until the end.

Source: unbound-control(8) and unbound.conf(5), `remote-control:`; the first words of a connection are `UBCT1 `.
"""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from servers.kit import ToolError

MOST_BYTES: Final = 8 * 1024 * 1024
_HINT: Final = (
    "see MCPSOC_DNS_CONTROL_SOCKET; unbound.conf needs remote-control: control-enable yes, control-interface with this "
    "path, control-use-cert no; and this account the right to open it"
)


@dataclass(frozen=True, slots=True)
class Control:
    """The control socket of one Unbound."""

    path: Path
    timeout_s: float = 5.0

    def ask(self, *words: str) -> str:
        """The answer to a command. Raises: ToolError when it cannot be reached or says no."""
        if any(not word.isprintable() or " " in word for word in words):
            raise ToolError("invalid_argument", "a word of the command is none the resolver takes")
        answer = self._exchanged(f"UBCT1 {' '.join(words)}\n".encode())
        if answer.startswith("error"):
            raise ToolError("refused_by_backend", f"the resolver refused the command {words[0]}")
        return answer

    def _exchanged(self, request: bytes) -> str:
        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(self.timeout_s)
                link.connect(str(self.path))
                link.sendall(request)
                return _all_of(link).decode("utf-8", "replace")
        except TimeoutError:
            raise ToolError("timeout", "the resolver's control socket does not answer", _HINT) from None
        except FileNotFoundError:
            raise ToolError("unreachable", "the resolver's control socket is not there", _HINT) from None
        except OSError:
            raise ToolError("unreachable", "the resolver's control socket cannot be used", _HINT) from None


def _all_of(link: socket.socket) -> bytes:
    parts, size = [], 0
    while part := link.recv(65_536):
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise ToolError("too_large", "the resolver's answer has no end")
    return b"".join(parts)
