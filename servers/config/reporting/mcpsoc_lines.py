"""A callback of Ansible that writes each result as one line of JSON. Ansible loads it, in a process of its own."""

import json

from ansible.executor.task_result import TaskResult
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: mcpsoc_lines
type: stdout
short_description: results as lines of JSON
description: Each result of a task as one line of JSON on standard output.
"""


class CallbackModule(CallbackBase):
    """Ansible's name for it."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "mcpsoc_lines"

    def v2_runner_on_ok(self, result: TaskResult) -> None:
        """A task that went well."""
        self._line("ok", result)

    def v2_runner_on_failed(self, result: TaskResult, ignore_errors: bool = False) -> None:
        """A task that failed."""
        self._line("ok" if ignore_errors else "failed", result)

    def v2_runner_on_unreachable(self, result: TaskResult) -> None:
        """A host that was not reached."""
        self._line("unreachable", result)

    def v2_playbook_on_stats(self, stats: object) -> None:
        """The end of the run: without this line it was cut."""
        print(json.dumps({"kind": "end", "hosts": len(getattr(stats, "processed", {}))}))

    def _line(self, kind: str, result: TaskResult) -> None:
        said = result._result
        hidden = bool(said.get("_ansible_no_log")) or "censored" in said
        parts = said.get("results") if isinstance(said.get("results"), list) else [said]
        diffs = [part["diff"] for part in parts if isinstance(part, dict) and part.get("diff")]
        line = {
            "kind": kind,
            "host": result._host.get_name(),
            "task": result._task.get_name(),
            "changed": bool(said.get("changed")),
            "diff": [] if hidden else diffs,
            "facts": said.get("ansible_facts") if result._task.action.endswith("setup") else None,
        }
        print(json.dumps(line, default=str))
