"""A bundled server, and the product behind it, looked at without changing anything."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, Protocol, TypeAlias

from jsonschema import Draft202012Validator
from pydantic import ValidationError

from agent.models import JsonObject
from servers.kit import SecurityServer
from servers.kit.inert import one_line
from servers.kit.protocol import Published
from servers.kit.settings import name_of
from ui.doctor.settings import CLASSES, names
from ui.errors import UsageError
from ui.server_reads import closed_by
from ui.serving import bundled_server

Level: TypeAlias = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at."""

    level: Level
    what: str
    detail: str
    hint: str = ""


class Finding(Protocol):
    """What a product's own check gives."""

    @property
    def level(self) -> Level: ...
    @property
    def what(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def hint(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Verification:
    """Everything that was looked at."""

    server: str
    backend: str
    product: str
    looks: tuple[Look, ...]

    @property
    def failed(self) -> bool:
        """Whether anything was found wrong."""
        return any(look.level == "failure" for look in self.looks)

    def document(self) -> JsonObject:
        """As JSON."""
        looks: list[JsonObject] = [{**asdict(look)} for look in self.looks]
        head: JsonObject = {"server": self.server, "backend": self.backend, "product": self.product}
        return {**head, "failed": self.failed, "looks": [*looks]}


def _pfsense() -> Sequence[Finding]:
    from servers.firewall.pfsense.settings import PfSenseSettings
    from servers.firewall.pfsense.verify import verify

    return verify(PfSenseSettings())


OWN_CHECKS: Mapping[tuple[str, str], Callable[[], Sequence[Finding]]] = {("firewall", "pfsense"): _pfsense}
"""Server and product to what checks a live one against its published contract."""


async def verify(name: str, backend: str | None, url: str | None) -> Verification:
    """Ask a server everything that needs no argument, and let the product's own check look.

    Raises: UsageError for a server, backend or setting that does not exist."""
    configure(name, backend, url)
    product = backend or os.environ.get(_setting(name, "BACKEND"), "")
    server = _built(name, product)
    asked = [await _asked(server, tool) for tool in server.published if not tool.changes and not needs(tool)]
    looks = [look for look in asked if look is not None]
    if backend is not None and server.source.backend == "embedded":
        looks.insert(0, Look("failure", "backend", "the server answers from embedded data, not from a product"))
    looks += [
        Look("warning", settings, f"not set: there is no {', '.join(tools)}", "set it where they are wanted")
        for settings, tools in closed_by(server).items()
        if settings.startswith(_setting(name, ""))
    ]
    own = OWN_CHECKS.get((name, product))
    if own is not None:
        found = await asyncio.to_thread(own)
        looks += [Look(each.level, each.what, one_line(each.detail, 400), one_line(each.hint, 600)) for each in found]
    return Verification(name, server.source.backend, server.product, tuple(looks))


def _built(name: str, product: str) -> SecurityServer:
    """The server as its settings and those of the product want it.

    Raises: UsageError for a value that a setting does not take."""
    server = bundled_server(name)
    try:
        for settings in (*CLASSES.get(f"servers/{name}", ()), *CLASSES.get(f"servers/{name}/{product}", ())):
            settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            "{name} cannot be used: {reason}", name=name_of(settings, field), reason=first["msg"]
        ) from error
    return server


def configure(name: str, backend: str | None, url: str | None) -> None:
    """Set what the command line says in this process's environment, where the server's settings look.

    Raises: UsageError when there is no such setting."""
    known = names()
    if backend is not None:
        os.environ[_known(known, _setting(name, "BACKEND"))] = backend
    if url is not None:
        product = backend or os.environ.get(_setting(name, "BACKEND"), "")
        os.environ[_known(known, f"MCPSOC_{product}_URL".upper(), _setting(name, "URL"))] = url


def _setting(server: str, field: str) -> str:
    return f"MCPSOC_{server}_{field}".upper()


def _known(known: frozenset[str], *wanted: str) -> str:
    """The first of these settings that exists."""
    for name in wanted:
        if name in known:
            return name
    raise UsageError("there is no setting {name}", name=wanted[-1])


def needs(tool: Published) -> bool:
    """Whether a tool cannot be called without arguments."""
    return bool(tool.input_schema.get("required"))


def _manual(server: SecurityServer) -> str:
    """Where it stands what a server needs."""
    return f"mcpsoc servers show {server.name}: its settings and least privilege"


async def _asked(server: SecurityServer, tool: Published) -> Look | None:
    """One call without arguments, checked against the schema that the tool publishes; None for a tool that needs one
    of several arguments, which no schema says: it was not asked anything."""
    envelope = await server.call(tool.name, {})
    wrong = next(iter(Draft202012Validator(tool.output_schema).iter_errors(envelope)), None)
    if wrong is not None:
        place = "/".join(str(part) for part in wrong.absolute_path)
        return Look("failure", tool.name, f"the answer is outside its schema at {one_line(place, 120)}")
    error, data = envelope["error"], envelope["data"]
    if isinstance(error, dict) and error["code"] == "missing_argument":
        return None
    if envelope["status"] in ("error", "refused"):
        problem = error if isinstance(error, dict) else {}
        hint = str(problem.get("hint") or _manual(server))
        return Look("failure", tool.name, f"{problem.get('code')}: {problem.get('message')}", hint)
    if isinstance(data, dict) and data.get("ready") is False:
        return Look("failure", tool.name, str(data.get("detail")), _manual(server))
    return Look("ok", tool.name, str(envelope["summary"]))
