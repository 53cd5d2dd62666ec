"""Bad arguments: unknown ones, and every payload in every place for a text."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import JsonValue

from servers.kit.answer import JsonObject
from servers.kit.conformance.judge import Judge
from servers.kit.conformance.payloads import SAMPLE, TWINS, payloads
from servers.kit.conformance.session import Client
from servers.kit.conformance.valid import Place, text_places
from servers.kit.protocol import Published
from servers.kit.server import SecurityServer

PLAN: JsonObject = {"mcpsoc/mode": "plan"}


class Fuzz:
    """Puts bad arguments to every tool of one server. Changes are only asked for their plan."""

    def __init__(self, server: SecurityServer, client: Client, judge: Judge, trap: Path) -> None:
        self._server = server
        self._client = client
        self._judge = judge
        self._payloads = payloads(trap)

    async def run(self, bases: Mapping[str, JsonObject]) -> None:
        """All of it; `bases` are good arguments of each tool."""
        for tool in self._server.published:
            base = bases[tool.name]
            await self._unknown(tool, base)
            for place in text_places(tool.input_schema):
                await self._harmful(tool, base, place)
                if place.free:
                    await self._twins(tool, base, place)

    async def _unknown(self, tool: Published, base: JsonObject) -> None:
        """A mistyped argument is refused, and the right name is given; nobody is told so who gets no answer anyway."""
        known = _names(tool)
        wrong = f"{known[0]}s" if known else "nothing"
        if wrong in known:
            return
        code, hint = _error(await self._ask(tool, {**base, wrong: "x"}, "an unknown argument"))
        if code != "unknown_argument":
            without, _ = _error(await self._ask(tool, base, "good arguments"))
            if code is None or code != without:
                self._judge.complain(tool.name, "an unknown argument is not refused")
        elif known and f"did you mean {known[0]!r}" not in hint:
            self._judge.complain(tool.name, "a mistyped argument is refused without the name that was meant")

    async def _harmful(self, tool: Published, base: JsonObject, place: Place) -> None:
        for kind, payload in self._payloads.items():
            if not place.free and kind not in SAMPLE:
                continue
            envelope = await self._ask(tool, place.put(base, payload), f"{kind} as {place.name}")
            if _error(envelope)[0] == "timeout":
                self._judge.complain(tool.name, f"{kind} as {place.name} takes all the time there is")

    async def _twins(self, tool: Published, base: JsonObject, place: Place) -> None:
        """What holds always and what never holds are both just text."""
        for language, (always, never) in TWINS.items():
            first = await self._ask(tool, place.put(base, always), f"{language} as {place.name}")
            second = await self._ask(tool, place.put(base, never), f"{language} as {place.name}")
            if (first.get("status"), first.get("total")) != (second.get("status"), second.get("total")):
                self._judge.complain(tool.name, f"{language} as {place.name} is obeyed")

    async def _ask(self, tool: Published, arguments: Mapping[str, JsonValue], sent: str) -> JsonObject:
        if tool.changes:
            envelope = await self._client.call(tool.name, arguments, PLAN)
        else:
            envelope = await self._server.call(tool.name, arguments)
        self._judge.examine(tool, envelope, sent)
        return envelope


def _names(tool: Published) -> list[str]:
    properties: JsonValue | Iterable[str] = tool.input_schema.get("properties")
    return list(properties) if isinstance(properties, dict) else []


def _error(envelope: Mapping[str, JsonValue]) -> tuple[str | None, str]:
    """Code and hint of what went wrong; no code where nothing did."""
    error = envelope.get("error")
    return (str(error["code"]), str(error["hint"])) if isinstance(error, dict) else (None, "")
