"""Puppet: facts by facter, drift by a run that changes nothing.

Source: puppet-apply(8) (`--noop`, `--detailed-exitcodes`, `--logdest FILE.json`), facter(8) (`--json`).
"""

import json
import platform
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from knowledge.trust.masking import mask_secrets
from servers.config.backend import MOST_DIFFERENCE, Fact, Result, Run, flat, own, turn
from servers.errors import ToolError
from servers.kit.programs import run

_MOST_BYTES: Final = 8_000_000
_WOULD: Final = "(noop)"
_FAILED: Final = frozenset({4, 6})
"""Exit codes of a run in which resources failed."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    level: str
    message: str
    source: str = ""


_ENTRY: Final = TypeAdapter(_Entry)


class Puppet:
    """puppet and facter of this machine."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    def facts(self, host: str) -> Sequence[Fact]:
        """What facter tells of this machine. Raises: NotFoundError for another one."""
        own(host, platform.node())
        with turn():
            said = run(["facter", "--json"], timeout_s=self._timeout_s, most_bytes=_MOST_BYTES)
        try:
            return sorted(flat(json.loads(said.stdout)), key=lambda fact: fact.name)
        except (ValueError, RecursionError):
            raise ToolError("bad_answer", "facter did not answer with JSON", "run it by hand: facter --json") from None

    def check(self, path: Path) -> Run:
        """What a manifest would change here. Raises: ToolError when it does not compile."""
        with turn(), tempfile.TemporaryDirectory(prefix="mcpsoc-puppet-") as home:
            log = Path(home) / "log.json"
            words = ["--noop", "--detailed-exitcodes", "--logdest", str(log)]
            places = [f"--{name}={home}/{name}" for name in ("vardir", "confdir", "rundir", "logdir", "codedir")]
            said = run(
                ["puppet", "apply", *words, *places, str(path)],
                timeout_s=self._timeout_s,
                most_bytes=_MOST_BYTES,
                folder=path.parent,
            )
            entries = list(_entries(log))
        if said.code == 1 or not any(each.message.startswith("Applied catalog") for each in entries):
            raise ToolError("refused_by_backend", "puppet could not compile or apply the manifest", "run it by hand")
        results = list(_results(entries))
        if said.code in _FAILED and not any(each.outcome == "failed" for each in results):
            results.append(Result("localhost", "a resource", "failed"))
        return Run(results, None, 1)

    def probe(self) -> str:
        """The version. Raises: ToolError when it is not installed."""
        with turn():
            said = run(["facter", "--version"], timeout_s=self._timeout_s, most_bytes=_MOST_BYTES)
        version = said.stdout.decode(errors="replace").strip()
        return f"facter {version[:20]}"


def _results(entries: Sequence[_Entry]) -> Iterator[Result]:
    for entry in entries:
        if not entry.source.startswith("/Stage["):
            continue
        if entry.level in ("err", "crit", "alert", "emerg"):
            yield Result("localhost", entry.source, "failed")
        elif entry.message.endswith(_WOULD):
            text = mask_secrets(entry.message.removesuffix(_WOULD).strip())
            yield Result("localhost", entry.source, "differs", text[:MOST_DIFFERENCE])


def _entries(log: Path) -> Iterator[_Entry]:
    """What puppet wrote: a list of JSON objects, one a line, that it leaves open at the end."""
    try:
        content = log.read_bytes()[:_MOST_BYTES]
    except OSError:
        return
    for line in content.splitlines():
        if line.startswith(b"{"):
            try:
                yield _ENTRY.validate_json(line)
            except ValidationError:
                raise ToolError("bad_answer", "puppet wrote something else", "run it by hand") from None
