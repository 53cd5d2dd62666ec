"""The table of checks, and running them."""

from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Literal

from agent.models import Model
from ui.doctor import databases, files, knowledge, machine, model, settings
from ui.doctor.finding import Problem
from ui.doctor.surroundings import Surroundings

Check = Callable[[Surroundings], Iterable[Problem]]

CHECKS: Mapping[str, Check] = {
    "python": machine.check_python,
    "packages": machine.check_packages,
    "sqlite": machine.check_sqlite,
    "terminal": machine.check_terminal,
    "disk": machine.check_disk,
    "port": machine.check_port,
    "home": files.check_home,
    "owner": files.check_owner,
    "keys": files.check_keys,
    "servers": files.check_servers,
    "pins": files.check_pins,
    "authorisations": files.check_authorisations,
    "leftovers": files.check_leftovers,
    "followed": files.check_followed,
    "settings": settings.check_names,
    "values": settings.check_values,
    "brain": settings.check_brain,
    "model": model.check_model,
    "databases": databases.check_integrity,
    "schema": databases.check_schema,
    "audit": databases.check_audit,
    "knowledge": knowledge.check_knowledge,
    "clock": databases.check_clock,
}
"""Name to check, in the order they are told."""


class Finding(Model):
    """What one check says."""

    check: str
    status: Literal["ok", "warning", "fault"]
    message: str = ""
    fix: str = ""


class Examination(Model):
    """What all checks say."""

    findings: tuple[Finding, ...]
    faults: int
    seconds: float


def examine(around: Surroundings) -> Examination:
    """Run every check. A check that finds nothing wrong is one finding `ok`."""
    started = perf_counter()
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        problems = [
            Finding(
                check=name, status="fault" if problem.serious else "warning", message=problem.message, fix=problem.fix
            )
            for problem in check(around)
        ]
        findings += problems or [Finding(check=name, status="ok")]
    return Examination(
        findings=tuple(findings),
        faults=sum(finding.status == "fault" for finding in findings),
        seconds=round(perf_counter() - started, 3),
    )
