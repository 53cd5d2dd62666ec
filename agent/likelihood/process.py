"""Group `process_intent`: what the event does, from its decoded text, and what of it is attested to be harmless."""

from collections import Counter
from collections.abc import Iterator

from agent.intake.decode import MAX_LAYERS
from agent.likelihood.attested import (
    acting_program_is_trusted,
    attested,
    base_name,
    is_machine,
    is_trusted_program,
    tokens,
)
from agent.likelihood.known_good import total_match
from agent.likelihood.texts import matches, plain
from agent.likelihood.weights import Weight, compiled, weights
from agent.models import Alert, Contribution

READ_MEMORY = 0x10
"""Access right PROCESS_VM_READ."""


def weigh_process(alert: Alert) -> Contribution | None:
    """A total match settles the group; else the strongest capability shown; else what attests ordinary work."""
    if (harmless := total_match(alert)) is not None:
        return _contribution("known good as a whole", harmless[1], harmless[0])
    raising = max(_raising(alert), key=lambda item: item.weight, default=None)
    if raising is not None:
        return raising
    return min(_lowering(alert), key=lambda item: item.weight, default=None)


def _raising(alert: Alert) -> Iterator[Contribution]:
    table = weights().process_intent
    trusted = acting_program_is_trusted(alert)
    for match in matches(alert, table.signs):
        if not (match.sign.unless_trusted and trusted):
            yield _contribution(match.sign.id, match.sign, match.field)
    if not trusted and _reads_lsass(alert):
        yield _contribution("lsass_access", table.lsass_access, "process.target.access")
    if not trusted and attested(alert, "event.code") == "8" and _is_sysmon(alert):
        yield _contribution("remote_thread", table.remote_thread, "process.target.executable")
    yield from _by_shell(alert)
    if not _is_machine_child(alert) and compiled(table.scratch_image.pattern).search(
        plain(alert.text("process.executable") or "")
    ):
        yield _contribution("scratch_image", table.scratch_image, "process.executable")
    if max(Counter(item.name for item in alert.decoded).values(), default=0) >= MAX_LAYERS:
        yield _contribution("layers_exhausted", table.layers_exhausted, "process.command_line")


def _by_shell(alert: Alert) -> Iterator[Contribution]:
    """What an interpreter or tool left behind: the sensor saw the writing, not a command line."""
    table, programs = weights().process_intent, weights().programs
    writers = tokens(alert, "process.executable")
    if writers & programs.shells:
        for name, mark in (
            ("shell_writes_program", table.shell_writes_program),
            ("shell_writes_script", table.shell_writes_script),
        ):
            if compiled(mark.pattern).search(plain(alert.text("file.path") or "")):
                yield _contribution(name, mark, "file.path")
    if (
        writers & (programs.shells | {"reg.exe", "regedit.exe", "rundll32.exe"})
        and alert.field("registry.path") is not None
    ):
        yield _contribution("shell_changes_registry", table.shell_changes_registry, "registry.path")


def _lowering(alert: Alert) -> Iterator[Contribution]:
    table = weights().process_intent
    if acting_program_is_trusted(alert):
        yield _contribution("trusted_program", table.trusted_program, "process.executable")
    if _is_machine_child(alert) and attested(alert, "process.executable") is not None:
        yield _contribution("machine_child", table.machine_child, "process.parent.executable")
    service = attested(alert, "service.command")
    if service is not None and (is_trusted_program(service) or service.endswith(".sys")):
        yield _contribution("trusted_service", table.trusted_service, "service.command")


def _is_machine_child(alert: Alert) -> bool:
    """Whether SYSTEM's own trusted program started it: updaters unpack into scratch directories, agents take inventory.

    A scheduler or service manager starts what it was told, so it vouches for nothing."""
    parent = attested(alert, "process.parent.executable")
    is_scheduler = base_name(parent or "") in weights().programs.service_parents
    return is_machine(alert) and not is_scheduler and is_trusted_program(parent)


def _contribution(name: str, weight: Weight, field: str) -> Contribution:
    return Contribution(group="process_intent", weight=weight.weight, reason=f"{name}: {weight.because}", field=field)


def _reads_lsass(alert: Alert) -> bool:
    if "lsass.exe" not in tokens(alert, "process.target.executable"):
        return False
    if base_name(attested(alert, "process.executable") or "") == "lsass.exe":
        return False
    access = alert.text("process.target.access") or ""
    try:
        return bool(int(access, 16) & READ_MEMORY)
    except ValueError:
        return False


def _is_sysmon(alert: Alert) -> bool:
    return "sysmon" in (attested(alert, "event.channel") or "")
