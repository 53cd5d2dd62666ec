"""How servers, their tools and their answers are printed for a person."""

import json
from collections.abc import Sequence
from shlex import quote

from pydantic import JsonValue

from agent.models import JsonObject
from ui.cli.catalogue import Catalogue
from ui.cli.output import say, write_line, write_table
from ui.cli.terms import inert
from ui.home import Home
from ui.server_checks import Verification


def write_servers(t: Catalogue, servers: Sequence[JsonObject], home: Home) -> None:
    """The list. What is to be done about all that have nothing behind them is said once, below it."""
    waiting = _waiting(servers, home)
    rows = [
        (
            str(row["name"]),
            t("bundled") if row["bundled"] else str(row["at"]),
            str(row["product"] or row["backend"] or ""),
            str(row["reads"]),
            str(row["changes"]),
            t("nothing behind it") if row["name"] in waiting else _health(t, row["health"]),
        )
        for row in servers
    ]
    write_table((t("server"), t("from"), t("backend"), t("reads"), t("changes"), t("health")), rows)


def say_what_is_missing(t: Catalogue, servers: Sequence[JsonObject], home: Home) -> None:
    """What to do about servers with neither a product nor a simulated enterprise behind them; nothing otherwise."""
    if not _waiting(servers, home):
        return
    demo = inert(quote(str(home.demo.root)))
    if home.demo.lab.exists():
        say(t("The simulated enterprise lies beside: MCPSOC_HOME={demo} mcpsoc servers ls. "
              "Or put a product behind a server, MCPSOC_<SERVER>_BACKEND: mcpsoc servers show NAME",
              demo=demo))  # fmt: skip
    else:
        say(t("Make a simulated enterprise with mcpsoc demo, then: MCPSOC_HOME={demo} mcpsoc servers ls. "
              "Or put a product behind a server, MCPSOC_<SERVER>_BACKEND: mcpsoc servers show NAME",
              demo=demo))  # fmt: skip


def _waiting(servers: Sequence[JsonObject], home: Home) -> set[str]:
    """Names of the servers with neither a product nor a simulated enterprise behind them."""
    if home.lab.exists():
        return set()
    return {str(row["name"]) for row in servers if row["backend"] == "embedded" and not _ready(row["health"])}


def _ready(health: JsonValue) -> bool:
    return isinstance(health, dict) and health["ready"] is True


def _health(t: Catalogue, health: JsonValue) -> str:
    if not isinstance(health, dict):
        return ""
    return str(health["detail"]) if health["ready"] else t("not ready: {reason}", reason=health["detail"])


def write_manual(t: Catalogue, manual: JsonObject) -> None:
    """One server."""
    write_line(f"{manual['name']}: {manual['product'] or manual['backend']}. {_health(t, manual['health'])}")
    if manual["instructions"]:
        write_line(str(manual["instructions"]))
    for tool in _objects(manual["tools"]):
        write_line("")
        write_line(f"{tool['name']}{_effect(t, tool)}")
        write_line(f"  {' '.join(str(tool['description']).split())}")
        for argument in _objects(tool["arguments"]):
            write_line(f"  --arg {argument['name']}={_argument(t, argument)}")
    _write_closed(t, manual)
    _write_settings(t, manual)


def _write_closed(t: Catalogue, manual: JsonObject) -> None:
    closed = manual["closed"]
    for settings, tools in (closed if isinstance(closed, dict) else {}).items():
        names = ", ".join(str(tool) for tool in tools) if isinstance(tools, list) else ""
        write_line("")
        write_line(t("not there, for it takes {settings}: {tools}", settings=settings, tools=names))


def _effect(t: Catalogue, tool: JsonObject) -> str:
    if not tool["changes"]:
        return ""
    undo = t("undone by {tool}", tool=tool["undo"]) if tool["undo"] else t("no undo")
    return "  " + t("[change, risk {risk}, {undo}]", risk=tool["risk"], undo=undo)


def _argument(t: Catalogue, argument: JsonObject) -> str:
    need = t("required") if argument["required"] else t("default {value}", value=argument["default"] or "-")
    return f"...   {argument['kind']}; {need}"


def _write_settings(t: Catalogue, manual: JsonObject) -> None:
    settings = _objects(manual["settings"])
    if settings:
        write_line("")
        rows = [(str(each["name"]), str(each["default"]), str(each["about"])) for each in settings]
        write_table((t("setting"), t("default"), t("meaning")), rows)
    needs = manual["needs"]
    for product, text in (needs if isinstance(needs, dict) else {}).items():
        write_line(t("{product} needs: {privilege}", product=product, privilege=text))


def write_answer(t: Catalogue, envelope: JsonObject) -> None:
    """One answer: what it says, where it is from, what of it may be an attacker's, and the data."""
    source, error = envelope["source"], envelope["error"]
    say(inert(f"{envelope['status']}: {envelope['summary']}"))
    if isinstance(source, dict):
        say(t("from {server} ({backend}), as of {time}", server=source["server"], backend=source["backend"],
              time=source["time"]))  # fmt: skip
    if isinstance(error, dict):
        said = () if error["message"] == envelope["summary"] else (error["message"],)
        for line in (*said, error["hint"]):
            if line:
                say(inert(str(line)))
    untrusted = envelope["untrusted"]
    if isinstance(untrusted, list) and untrusted:
        say(t("possibly written by an attacker: {places}", places=inert(", ".join(str(path) for path in untrusted))))
    if envelope["data"] is not None:
        write_line(json.dumps(envelope["data"], ensure_ascii=False, indent=2))


def write_verification(t: Catalogue, found: Verification) -> None:
    """What was looked at, worst last, and what to do about it."""
    words = {"ok": t("fine"), "warning": t("warning"), "failure": t("wrong")}
    order = ("ok", "warning", "failure")
    looks = sorted(found.looks, key=lambda look: order.index(look.level))
    write_table(
        (t("result"), t("looked at"), t("found"), t("remedy")),
        [(words[look.level], look.what, look.detail, look.hint) for look in looks],
    )
    say(t("{server} ({backend}): nothing was changed", server=found.server, backend=found.product or found.backend))


def _objects(value: JsonValue) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
