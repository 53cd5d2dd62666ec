"""The one way text lowers: the whole event equals something known to be harmless.

Two ways to be whole: an anchored template that names the program, its parent and every text the event has; or a command
line whose every token, decoded, is on the inert list. One token more, a comment, or one field more voids both.
"""

import re
from typing import Final

from agent.intake.decode import ENCODED_COMMAND, decode
from agent.intake.paths import is_protected_path
from agent.likelihood.attested import attested, base_name, is_machine, is_trusted_program
from agent.likelihood.texts import plain
from agent.likelihood.weights import Template, Weight, compiled, known_good, weights
from agent.models import Alert

JUDGED_TEXTS: Final = (
    "process.command_line", "process.parent.command_line", "process.args", "powershell.script", "service.command",
    "service.name", "task.content", "task.name", "wmi.consumer", "wmi.query", "file.path", "file.name", "registry.path",
    "registry.data", "url.full", "user_agent", "dns.question.name", "destination.domain", "dll.path", "pipe.name",
    "event.payload", "event.original", "message", "antivirus.path", "process.target.executable", "email.subject",
)  # fmt: skip
"""Every text of an event that could say what it does; a total match has to account for each."""

POWERSHELLS: Final = frozenset({"powershell.exe", "pwsh.exe"})
COMMAND_TEXTS: Final = frozenset({"process.command_line", "process.parent.command_line"})


def total_match(alert: Alert) -> tuple[str, Weight] | None:
    """The field that is wholly known to be harmless with the weight it lowers by, or None."""
    present = _present(alert)
    if present is None:
        return None
    for template in known_good().templates:
        if _fits(template, alert, present):
            return next(iter(template.texts)), template
    if "process.command_line" in present and present.keys() <= COMMAND_TEXTS and _is_inert_event(alert, present):
        table = weights().process_intent
        return "process.command_line", table.machine_task if _is_machine_task(alert) else table.inert
    return None


def _present(alert: Alert) -> dict[str, str] | None:
    """The judged texts the alert has; None when one has several values, which nothing matches as a whole."""
    present: dict[str, str] = {}
    for field in alert.fields:
        if field.name in JUDGED_TEXTS:
            if isinstance(field.value, tuple):
                return None
            present[field.name] = str(field.value)
    return present


def _fits(template: Template, alert: Alert, present: dict[str, str]) -> bool:
    if present.keys() != template.texts.keys() or (template.machine and not is_machine(alert)):
        return False
    programs = ((template.image, "process.executable"), (template.parent, "process.parent.executable"))
    for pattern, name in programs:
        if pattern is not None and not _is_full_match(pattern, attested(alert, name)):
            return False
    return all(_is_full_match(pattern, present[name].lower()) for name, pattern in template.texts.items())


def _is_full_match(pattern: str, text: str | None) -> bool:
    return text is not None and compiled(pattern).fullmatch(text) is not None


def _is_machine_task(alert: Alert) -> bool:
    parent = attested(alert, "process.parent.executable")
    hosts = weights().programs.service_parents
    return is_machine(alert) and parent is not None and (base_name(parent) in hosts or is_trusted_program(parent))


def _is_inert_event(alert: Alert, present: dict[str, str]) -> bool:
    image, parent = attested(alert, "process.executable"), attested(alert, "process.parent.executable")
    if image is None or not is_inert_command(present["process.command_line"], image):
        return False
    parent_line = present.get("process.parent.command_line")
    return parent_line is None or (parent is not None and _is_inert_parent(parent_line, parent))


def _is_inert_parent(line: str, parent: str) -> bool:
    """A parent is inert as a bare program, as a service host with its group, or as an inert command itself."""
    rest = _after_image(line, parent)
    if rest is None:
        return False
    if rest == "" or _is_inert_rest(rest, parent):
        return True
    is_host = base_name(parent) in weights().programs.service_parents
    return is_host and all(_HOST_WORD.fullmatch(word) for word in rest.lower().split())


def is_inert_command(line: str, image: str) -> bool:
    """Whether a command line starts with its own attested image and every further token is inert.

    `image` is the full path a sensor attests, lower case. Encoded commands are decoded and judged by what they say."""
    rest = _after_image(line, image)
    return _is_inert_rest(rest, image)


def _after_image(line: str, image: str) -> str | None:
    """What follows the program's name in its command line, lower case; None when the line does not start with it."""
    text = plain(line).strip()
    name = base_name(image)
    spellings = (f'"{image}"', image, f'"{name}"', name, f'"{name.removesuffix(".exe")}"', name.removesuffix(".exe"))
    for spelling in spellings:
        if text == spelling:
            return ""
        if text.startswith(spelling + " "):
            # Base64 is case-sensitive: the rest is cut from the line as it was written.
            written = re.sub(r"\s+", " ", line).strip()
            return written[len(spelling) :].strip()
    return None


def _is_inert_rest(rest: str | None, image: str) -> bool:
    """What follows the program: for cmd a system script, for PowerShell an encoded text, inert to the last token."""
    if not rest:
        return False
    if base_name(image) not in POWERSHELLS:
        return base_name(image) == "cmd.exe" and _are_inert_words(rest.lower().split())
    encoded = list(ENCODED_COMMAND.finditer(rest))
    if not encoded:
        return False
    outside = (rest[: encoded[0].start()] + " " + rest[encoded[-1].end() :]).lower().split()
    layers = [layer for layer in decode(rest) if layer.how == "encoded command" and layer.depth == 1]
    if len(encoded) != 1 or len(layers) != 1 or not _are_inert_switches(outside):
        return False
    return _is_inert_script(layers[0].text)


def _are_inert_switches(words: list[str]) -> bool:
    return all(word in known_good().inert.switches for word in words)


def _are_inert_words(words: list[str]) -> bool:
    """`/c`, exactly one script of a protected directory, and words such a script takes."""
    inert = known_good().inert
    scripts = [word for word in words if _is_protected_script(word)]
    plain_words = [word for word in words if word not in inert.switches and word not in scripts]
    return "/c" in words and len(scripts) == 1 and all(word in inert.words for word in plain_words)


def _is_protected_script(word: str) -> bool:
    inert = known_good().inert
    is_script = word.endswith(inert.script_extensions) and base_name(word) not in inert.scripts_that_run_others
    return is_script and is_protected_path(word)


_HOST_WORD: Final = re.compile(r"-[kps]|[a-z0-9_]{1,40}")
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | \$(?P<variable>[a-z_][a-z0-9_]{0,40})
      | (?P<number>\d+(?:\.\d+)?)
      | \[(?P<type>[a-z.0-9]{1,60})\]
      | ::(?P<static>[a-z]{1,40})
      | \.(?P<member>[a-z]{1,40})
      | (?P<word>-?[a-z](?:[a-z.-]*[a-z0-9])?)
      | (?P<punctuation>[-+*/%=<>!(){},;])""",
    re.VERBOSE,
)

SCRIPT_LIMIT: Final = 8192


def _is_inert_script(script: str) -> bool:
    """Whether a PowerShell text is made of inert tokens from end to end."""
    text, at = script.lower(), 0
    if len(text) > SCRIPT_LIMIT:
        return False
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or not _is_inert_token(match):
            return False
        at = match.end()
    return bool(text.strip())


def _is_inert_token(match: re.Match[str]) -> bool:
    inert = known_good().inert
    kind, value = match.lastgroup, match[match.lastgroup or 0]
    allowed = {
        "type": inert.types,
        "static": inert.members,
        "member": inert.members,
        "word": inert.commands | inert.keywords | inert.operators | inert.parameters | inert.types,
        "variable": None,
    }
    names = allowed.get(kind or "")
    return value in names if names is not None else value not in {"executioncontext", "env", "host", "input", "args"}
