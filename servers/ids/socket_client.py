"""Suricata's control socket: a greeting, then one JSON command and one JSON answer at a time.

Source: Suricata user guide, "Interacting via Unix Socket".
"""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from servers.kit import ToolError

MOST_BYTES: Final = 4 * 1024 * 1024
_GREETING: Final = {"version": "0.2"}
_HINT: Final = "see MCPSOC_IDS_SOCKET; unix-command enabled in suricata.yaml, and the right to open its socket"


@dataclass(frozen=True, slots=True)
class Said:
    """What the engine answered."""

    ok: bool
    message: JsonValue


@dataclass(frozen=True, slots=True)
class ControlSocket:
    """The control socket of one Suricata."""

    path: Path
    timeout_s: float = 15.0

    def ask(self, command: str, arguments: Mapping[str, JsonValue] | None = None) -> Said:
        """The answer to one command. Raises: ToolError when the engine cannot be reached."""
        request: dict[str, JsonValue] = {"command": command}
        if arguments is not None:
            request["arguments"] = dict(arguments)
        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(self.timeout_s)
                link.connect(str(self.path))
                _exchanged(link, _GREETING)
                return _exchanged(link, request)
        except TimeoutError:
            raise ToolError("timeout", "the engine's control socket does not answer", _HINT) from None
        except FileNotFoundError:
            raise ToolError("unreachable", "the engine's control socket is not there", _HINT) from None
        except OSError:
            raise ToolError("unreachable", "the engine's control socket cannot be used", _HINT) from None

    def want(self, command: str, arguments: Mapping[str, JsonValue] | None = None) -> JsonValue:
        """The message of an answer that is yes. Raises: ToolError when it is no."""
        said = self.ask(command, arguments)
        if not said.ok:
            raise ToolError("refused_by_backend", f"the engine refused the command {command}")
        return said.message


def _exchanged(link: socket.socket, request: Mapping[str, JsonValue]) -> Said:
    link.sendall(json.dumps(request).encode() + b"\n")
    data = b""
    while part := link.recv(65_536):
        data += part
        if len(data) > MOST_BYTES:
            raise ToolError("too_large", "the engine's answer has no end")
        try:
            answer = json.loads(data)
        except ValueError:
            continue
        if isinstance(answer, dict):
            return Said(answer.get("return") == "OK", answer.get("message"))
    raise ToolError("unreachable", "the engine closed its control socket", _HINT)
