"""Ansible: facts of this machine, checks with their differences, and playbooks that an operator allowed.

The programs run in a process of their own with nothing of our environment; results come as lines of JSON from our own
callback, since ansible-core has none that a program could read.

Source: ansible-core 2.19, `ansible-playbook --check --diff`, `ansible -m setup`, the callback plugin interface.
"""

import json
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from knowledge.trust.masking import mask_secrets
from servers.config.backend import MOST_DIFFERENCE, Fact, Result, Run, flat, own, turn
from servers.errors import ToolError
from servers.kit.programs import Ran, run

CALLBACK: Final = "mcpsoc_lines"
_MOST_BYTES: Final = 8_000_000
_OURSELVES: Final = 'localhost ansible_connection=local ansible_python_interpreter="{{ ansible_playbook_python }}"\n'
_LEFT_OUT: Final = ("ansible_env", "ansible_local", "gather_subset", "module_setup")
"""Facts that may hold credentials, or say nothing."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["ok", "failed", "unreachable", "end"]
    host: str = ""
    task: str = ""
    changed: bool = False
    diff: list[JsonValue] = []
    facts: dict[str, JsonValue] | None = None
    hosts: int = 0


_LINE: Final = TypeAdapter(_Line)


class Ansible:
    """ansible-core beside this program, over one inventory."""

    def __init__(self, inventory: Path | None, timeout_s: float, apply_timeout_s: float) -> None:
        self._inventory = inventory
        self._timeout_s = timeout_s
        self._apply_timeout_s = apply_timeout_s

    def facts(self, host: str) -> Sequence[Fact]:
        """What `setup` tells of this machine. Raises: NotFoundError for another one."""
        own(host, platform.node())
        words = ["localhost", "-m", "setup", "-a", "gather_subset=!facter,!ohai,!env"]
        lines = self._lines("ansible", words, self._timeout_s, None)
        found = next((line.facts for line in lines if line.facts is not None), None)
        if found is None:
            raise ToolError("refused_by_backend", "ansible told no facts", "run it by hand: ansible -m setup localhost")
        kept = {name: value for name, value in found.items() if name not in _LEFT_OUT}
        return sorted(flat(kept), key=lambda fact: fact.name)

    def check(self, path: Path) -> Run:
        """What a playbook would change. Raises: ToolError."""
        return self._run(path, ["--check", "--diff"], self._timeout_s)

    def apply(self, path: Path) -> Run:
        """Run a playbook. Raises: ToolError; what it did until then stays."""
        done = self._run(path, ["--diff"], self._apply_timeout_s)
        if done.failed:
            raise ToolError("failed", f"{done.failed} tasks failed or hosts were not reached", "check the playbook")
        return done

    def probe(self) -> str:
        """The version. Raises: ToolError when it is not installed."""
        said = self._said("ansible", ["--version"], self._timeout_s, None).stdout.decode(errors="replace")
        version = said.partition("[core ")[2].partition("]")[0]
        return f"ansible-core {version[:20]}"

    def _run(self, path: Path, words: Sequence[str], timeout_s: float) -> Run:
        lines = self._lines("ansible-playbook", [*words, str(path)], timeout_s, path.parent)
        ends = [line for line in lines if line.kind == "end"]
        if not ends:
            raise ToolError("refused_by_backend", "ansible did not come to the end", "run ansible-playbook by hand")
        if not ends[0].hosts:
            raise ToolError("no_hosts", "the playbook names no host of the inventory", "MCPSOC_CONFIG_INVENTORY")
        tasks = [line for line in lines if line.kind != "end"]
        return Run([_result(line) for line in tasks if line.changed or line.kind != "ok"], len(tasks), ends[0].hosts)

    def _lines(self, program: str, words: Sequence[str], timeout_s: float, folder: Path | None) -> list[_Line]:
        said = self._said(program, words, timeout_s, folder)
        return list(_parsed(said.stdout))

    def _said(self, program: str, words: Sequence[str], timeout_s: float, folder: Path | None) -> Ran:
        beside = Path(sys.executable).with_name(program)
        with turn(), self._surroundings() as (home, inventory):
            return run(
                [
                    str(beside) if beside.exists() else program,
                    *([] if "--version" in words else ["-i", inventory]),
                    *words,
                ],
                timeout_s=timeout_s,
                most_bytes=_MOST_BYTES,
                folder=folder,
                environment={
                    "ANSIBLE_HOME": home,
                    "ANSIBLE_LOCAL_TEMP": f"{home}/local",
                    "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).with_name("reporting")),
                    "ANSIBLE_STDOUT_CALLBACK": CALLBACK,
                    "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true",
                    "ANSIBLE_RETRY_FILES_ENABLED": "false",
                    "ANSIBLE_NOCOLOR": "true",
                    "PYTHONDONTWRITEBYTECODE": "1",
                },
            )

    @contextmanager
    def _surroundings(self) -> Iterator[tuple[str, str]]:
        """A home that is gone afterwards, and the inventory. Raises: ToolError when the latter is missing."""
        with tempfile.TemporaryDirectory(prefix="mcpsoc-ansible-") as home:
            if self._inventory is not None:
                if not self._inventory.expanduser().exists():
                    raise ToolError("unreachable", "the inventory is not there", "look at MCPSOC_CONFIG_INVENTORY")
                yield home, str(self._inventory.expanduser())
                return
            ours = Path(home) / "inventory"
            ours.write_text(_OURSELVES, encoding="utf-8")
            yield home, str(ours)


def _parsed(stdout: bytes) -> Iterator[_Line]:
    """The lines of our callback; what else is printed is none of them."""
    for line in stdout.splitlines():
        if line.startswith(b'{"kind": '):
            try:
                yield _LINE.validate_json(line)
            except ValidationError:
                raise ToolError("bad_answer", "ansible answered with something else", "run it by hand") from None


def _result(line: _Line) -> Result:
    """A line as a result. A failed task's words are left out: they hold whatever a machine said."""
    outcome: Literal["differs", "failed", "unreachable"] = "differs" if line.kind == "ok" else "failed"
    if line.kind == "unreachable":
        outcome = "unreachable"
    shown = "\n".join(text for diff in line.diff for text in _differences(diff))
    return Result(line.host, line.task, outcome, mask_secrets(shown)[:MOST_DIFFERENCE])


def _differences(diff: JsonValue) -> Iterator[str]:
    """A difference as lines with - and +."""
    for part in diff if isinstance(diff, list) else [diff]:
        if not isinstance(part, dict):
            continue
        if isinstance(prepared := part.get("prepared"), str):
            yield prepared
        for sign, name in (("-", "before"), ("+", "after")):
            value = part.get(name)
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) if value else ""
            yield from (f"{sign} {row}" for row in text.splitlines())
