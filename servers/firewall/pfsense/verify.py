"""A live box checked against the contract without changing anything: reads alone, and each only once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from itertools import islice
from typing import Literal, TypeAlias

from pydantic import JsonValue

from servers.errors import ConfigurationError, ToolError
from servers.firewall.pfsense import answers
from servers.firewall.pfsense.backend import connected
from servers.firewall.pfsense.client import PfSense
from servers.firewall.pfsense.contract import Operation, contract
from servers.firewall.pfsense.filterlog import packet
from servers.firewall.pfsense.ruling import Ruling
from servers.firewall.pfsense.settings import SETUP, PfSenseSettings

Level: TypeAlias = Literal["ok", "warning", "failure"]
_FEW = 20
"""Rows asked for where a box may have many."""
_MOST_BREACHES = 5
_EVERYTHING = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    what: str
    """What was looked at."""
    detail: str
    """What was found, in this program's words: nothing the box answered is quoted but version numbers."""
    hint: str = ""


def verify(settings: PfSenseSettings) -> Sequence[Finding]:
    """What a box with these settings lacks for this server; only `ok` findings when it lacks nothing.

    Nothing is changed at the box: it is asked by GET alone. After a refused key it is not asked again."""
    try:
        box = connected(settings)
    except ConfigurationError as error:
        return (Finding("failure", "settings", str(error)),)
    found = list(_reads(box))
    if all(each.level != "failure" for each in found):
        found += [*_prepared(box), *_readable(box)]
    return found


def _reads(box: PfSense) -> Iterator[Finding]:
    """Every read of the contract: whether it is allowed and answers as published."""
    for operation in contract().operations:
        if operation.use != "read":
            continue
        name = f"{operation.method} {operation.path}"
        try:
            body = box.rest.get(operation.path, params=_query(operation, box.settings.alias))
        except ToolError as problem:
            yield _refused(operation, name, problem)
            if problem.code in ("unauthorised", "unreachable"):
                return
        else:
            yield _shape(operation, name, body)


def _query(operation: Operation, alias: str) -> dict[str, str | int]:
    if operation.by is not None:
        return {operation.by: alias}
    return {"limit": _FEW} if operation.model in ("state", "log") else {}


def _refused(operation: Operation, name: str, problem: ToolError) -> Finding:
    if problem.code == "not_found" and operation.by is not None:
        return Finding("warning", name, "the packet filter has no table of that name", "no active rule uses the alias")
    if problem.code == "forbidden":
        return Finding("failure", name, "the key is not allowed this", f"give its user {operation.privilege}")
    return Finding("failure", name, f"{problem.code}: {problem.message}", problem.hint)


def _shape(operation: Operation, name: str, body: JsonValue) -> Finding:
    try:
        breaches = [*islice(dict.fromkeys(contract().breaches(operation, answers.data_of(body))), _MOST_BREACHES)]
    except ToolError as problem:
        breaches = [problem.message]
    if breaches:
        return Finding("failure", name, "; ".join(breaches), "this version of the REST API package is not known")
    return Finding("ok", name, "answers as published")


def _prepared(box: PfSense) -> Iterator[Finding]:
    """Whether blocks would hold: the alias, its rules, changes that wait."""
    name = box.settings.alias
    yield _tried("alias", lambda: _alias(box))
    ruling = Ruling(box.rules(), name, box.interfaces())
    lacks = {network.version: ruling.lacking(network) for network in _EVERYTHING}
    for version, lack in lacks.items():
        level: Level = "ok" if not lack else "failure" if all(lacks.values()) else "warning"
        detail = "; ".join(lack) or "drop all that the alias names"
        yield Finding(level, f"block rules, IPv{version}", detail, SETUP.format(alias=name) if lack else "")


def _alias(box: PfSense) -> Finding:
    alias = box.alias()
    ours = f"type {alias.type}, {len(alias.address)} entries"
    if alias.type == "host":
        return Finding("warning", "alias", ours, "single addresses alone can be blocked; type network takes networks")
    return Finding("ok", "alias", ours)


def _readable(box: PfSense) -> Iterator[Finding]:
    """Whether the log can be understood, and what the version offers."""
    lines = box.log(_FEW, 0)
    known = sum(packet(line, box.settings.zone) is not None for line in lines)
    level: Level = "ok" if lines and known == len(lines) else "warning"
    yield Finding(level, "filter log", f"{known} of {len(lines)} lines understood", "" if level == "ok" else _LOG)
    dry = "has" if box.dry_runs() else "has no"
    yield Finding("ok", "version", f"pfSense {box.version()}, REST API {box.api_version()}, which {dry} dry run")


def _tried(what: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except ToolError as problem:
        return Finding("failure", what, problem.message, problem.hint)


_LOG = "log the block and pass rules; Status > System Logs > Settings: the format may be BSD or RFC 5424"
