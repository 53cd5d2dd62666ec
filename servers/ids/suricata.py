"""A running Suricata: values its rules look for, and the rule file that is this server's own.

Both go through its control socket. What was added to a set is written to its state file at once, so that it outlives a
restart; sets and rules exist from the first loading of the rule file on.
"""

import base64
import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from servers.ids.backend import IndicatorType
from servers.ids.rules import ADDRESSES, DOMAINS, INDICATOR_RULES, checked_all
from servers.ids.socket_client import ControlSocket
from servers.kit import ToolError

_SETS: Final[dict[IndicatorType, tuple[str, str]]] = {"domain": (DOMAINS, "string"), "address": (ADDRESSES, "ip")}
_THERE: Final = "item found in set"
_NOT_THERE: Final = "item not found in set"
_NO_SETS: Final = "load the rule file once: ids_load_rules, without rules too; it needs MCPSOC_IDS_RULES_FILE"
_HEAD: Final = "# Rules of MCPSoc. It writes this file; name it under rule-files in suricata.yaml."


@dataclass(frozen=True, slots=True)
class SuricataIndicators:
    """Sets of values that the engine's rules look for."""

    control: ControlSocket

    def has(self, kind: IndicatorType, value: str) -> bool:
        """Whether the value stands in its set."""
        said = self.control.ask("dataset-lookup", _arguments(kind, value))
        if said.message not in (_THERE, _NOT_THERE):
            raise ToolError("not_configured", "the engine does not have the sets of this server", _NO_SETS)
        return said.message == _THERE

    def add(self, kind: IndicatorType, value: str) -> bool:
        """Put the value into its set."""
        if self.has(kind, value):
            return False
        self.control.want("dataset-add", _arguments(kind, value))
        self.control.want("dataset-dump")
        return True

    def remove(self, kind: IndicatorType, value: str) -> bool:
        """Take the value out of its set."""
        if not self.has(kind, value):
            return False
        self.control.want("dataset-remove", _arguments(kind, value))
        self.control.want("dataset-dump")
        return True


class SuricataRules:
    """The rule file of this server, and the engine that runs it."""

    def __init__(
        self, control: ControlSocket, file: Path, data_dir: Path, check: Callable[[Sequence[str]], None]
    ) -> None:
        self._control, self._file, self._data_dir, self._check = control, file, data_dir, check
        self._lock = threading.Lock()

    def current(self) -> tuple[str, ...]:
        """The rules in the file, those for indicators aside."""
        try:
            lines = self._file.read_text("utf-8").splitlines() if self._file.exists() else []
        except (OSError, UnicodeError):
            raise ToolError("unreadable", "the rule file cannot be read", "see MCPSOC_IDS_RULES_FILE") from None
        return tuple(line for line in lines if line and not line.startswith("#") and line not in INDICATOR_RULES)

    def check(self, rules: Sequence[str]) -> None:
        """Have an engine of our own load them."""
        self._check((*INDICATOR_RULES, *checked_all(rules)))

    def load(self, rules: Sequence[str]) -> str:
        """Write the file and have the running engine read it; the file as it was when the engine does not."""
        with self._lock:
            self.check(rules)
            before = self._file.read_bytes() if self._file.exists() else None
            text = _written(checked_all(rules))
            self._put(text)
            if not self._reloaded():
                if before is not None:
                    self._put(before)
                    self._control.ask("ruleset-reload-rules")
                raise ToolError("refused_by_backend", "the engine did not load the rules", "the file is as it was")
        return hashlib.sha256(text).hexdigest()

    def in_force(self, rules: Sequence[str]) -> bool:
        """Whether the file holds these, the engine read it afterwards, and none failed."""
        try:
            found = self._file.stat().st_mtime, self._file.read_bytes()
        except OSError:
            return False
        written = datetime.fromtimestamp(found[0], UTC)
        return found[1] == _written(checked_all(rules)) and self._read_at() >= written and not self._failed()

    def _reloaded(self) -> bool:
        said = self._control.ask("ruleset-reload-rules")
        return said.ok and not self._failed()

    def _failed(self) -> bool:
        """Whether a rule of our file failed."""
        failed = self._control.want("ruleset-failed-rules")
        name = self._file.name
        return isinstance(failed, list) and any(
            name in str(row.get("filename")) for row in failed if isinstance(row, dict)
        )

    def _read_at(self) -> datetime:
        """When the engine last read its rules."""
        said: JsonValue = self._control.want("ruleset-reload-time")
        first = said[0] if isinstance(said, list) and said else None
        text = first.get("last_reload") if isinstance(first, dict) else None
        return datetime.fromisoformat(text) if isinstance(text, str) else datetime.min.replace(tzinfo=UTC)

    def _put(self, text: bytes) -> None:
        fresh = self._file.with_name(f".{self._file.name}.new")
        try:
            for name in (DOMAINS, ADDRESSES):
                (self._data_dir / f"{name}.lst").touch()
            fresh.write_bytes(text)
            fresh.chmod(0o644)
            fresh.replace(self._file)
        except OSError:
            hint = "see MCPSOC_IDS_RULES_FILE and MCPSOC_IDS_DATA_DIR"
            raise ToolError("unwritable", "the rule file cannot be written", hint) from None


def running(control: ControlSocket) -> str:
    """Product and version of the running engine. Raises: ToolError."""
    up = control.want("uptime")
    seconds = up if isinstance(up, int) else 0
    return f"Suricata {str(control.want('version')).split(' ', maxsplit=1)[0]}, up {timedelta(seconds=seconds)}"


def _arguments(kind: IndicatorType, value: str) -> dict[str, JsonValue]:
    name, form = _SETS[kind]
    coded = base64.b64encode(value.encode()).decode("ascii") if form == "string" else value
    return {"setname": name, "settype": form, "datavalue": coded}


def _written(rules: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in (_HEAD, *INDICATOR_RULES, *rules)).encode()
