"""The pages of docs/servers as text."""

from collections.abc import Iterator, Sequence

from servers.pages.manual import Argument, Manual, ToolManual
from servers.pages.options import Group, Product, Setting
from servers.pages.unsupported import missing

MADE = "<!-- Made by `{}` from what the server publishes; a test holds it to that. -->"
MADE_BY = "python -m servers.pages"
MOST_NAMES = 14
"""Names of one place that a page lists."""
_PROVENANCE = {
    "T0": "the operator wrote it",
    "T1": "a sensor attests it, or it is computed from such values",
    "T2": "**possibly an attacker wrote it**: listed in the answer's `untrusted`, never in its summary",
}
_EXPIRY = {"lapse": "lapses by itself", "hold": "holds until a person ends it"}


def page(
    manual: Manual, about: str, products: Sequence[Product], groups: Sequence[Group], made_by: str = MADE_BY
) -> str:
    """The page of one server."""
    reads = [tool for tool in manual.tools if not tool.changes]
    changes = [tool for tool in manual.tools if tool.changes]
    parts = [f"# {manual.name}", MADE.format(made_by), about, manual.instructions, _behind(manual, products)]
    parts += ["## Reads", *(_tool(tool) for tool in reads)]
    if changes:
        parts += ["## Changes", _CHANGES, _change_table(changes), *(_tool(tool) for tool in changes)]
    parts += ["## Settings", _SHARED if not groups else "", *(_group(group) for group in groups)]
    return "\n\n".join(part for part in parts if part) + "\n"


_CHANGES = (
    "None of them is listed as long as no grant key is set. With one, a call plans first (`mcpsoc/mode: plan`), needs "
    "a signed grant for exactly its arguments, and reads back at the backend whether the effect is there."
)
_SHARED = "None of its own; what all servers share is in [.env.example](../../.env.example)."


def _behind(manual: Manual, products: Sequence[Product]) -> str:
    """What is real and what is not."""
    parts = ["## What is behind it", _EMBEDDED if manual.backend == "embedded" else _REAL]
    if products:
        lines = [f"- **{each.name}**: {_product(each)}" for each in products]
        parts += [f"With `{products[0].setting}` set, **real**, and only the tools that the product can serve:"]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


_EMBEDDED = (
    "Without a product: **embedded**. Every such answer says `backend: embedded` and `synthetic: true`; none is ever "
    "given in place of a product that is configured and down."
)
_REAL = "**Real**: its answers are about what is there, and there is no embedded data."


def _product(product: Product) -> str:
    about = product.about or "see its settings"
    simulated = " Tests meet a stand-in that is held to what the vendor publishes." if product.simulated else ""
    return f"{about}{simulated}"


def _tool(tool: ToolManual) -> str:
    parts = [f"### {tool.name}", tool.description, _arguments(tool.arguments)]
    if tool.rate and not tool.changes:
        parts.append(f"At most {tool.rate}.")
    if tool.open_world:
        parts.append("Asks a service outside the operator's own systems.")
    parts.append("\n".join(f"- {by}, {_PROVENANCE[by]}: {_paths(paths)}" for by, paths in tool.outputs.items()))
    return "\n\n".join(part for part in parts if part)


def _arguments(arguments: Sequence[Argument]) -> str:
    if not arguments:
        return "No arguments."
    rows = [
        (f"`{each.name}`", each.kind, "required" if each.required else f"`{each.default}`" if each.default else "")
        for each in arguments
    ]
    return table(("argument", "type", "default"), rows)


def _paths(paths: Sequence[str]) -> str:
    """Leaves by the place they stand in; `events[*]: host.name, user.name` rather than every path whole."""
    places: dict[str, list[str]] = {}
    for path in paths:
        place, name = _split(path)
        places.setdefault(place, []).append(name)
    return "; ".join(_place(place, names) for place, names in places.items())


def _split(path: str) -> tuple[str, str]:
    """Place and name; `[*]` behind a name stays with it."""
    bare, listed = path.removesuffix("[*]"), "[*]" if path.endswith("[*]") else ""
    place, _, name = bare[:-2].rpartition("['") if bare.endswith("']") else bare.rpartition(".")
    return place, name + listed


def _place(place: str, names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:MOST_NAMES])
    rest = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{shown}{rest}" if not place else f"`{place}`: {shown}{rest}"


def _change_table(changes: Sequence[ToolManual]) -> str:
    rows = [(f"`{tool.name}`", tool.risk, _undo(tool), _expiry(tool), tool.rate) for tool in changes]
    return table(("change", "risk", "undo", "effect", "at most"), rows)


def _undo(tool: ToolManual) -> str:
    if tool.undo:
        return f"`{tool.undo}`"
    return "is an undo, or leaves nothing to undo" if not tool.expiry else "none: it cannot be taken back"


def _expiry(tool: ToolManual) -> str:
    text = _EXPIRY.get(tool.expiry, "no lasting effect")
    return f"{text}, ended by the {tool.lapses}" if tool.lapses else text


def _group(group: Group) -> str:
    needs = "\n".join(f"- {_named(product)}{text}" for product, text in group.needs.items())
    least = f"Least privilege:\n\n{needs}" if needs else ""
    rows = [(f"`{each.name}`", f"`{each.default}`" if each.default else "", _about(each)) for each in group.settings]
    heading = f"### {group.package.rpartition('.')[2]}" if "." in group.package else ""
    parts = (heading, least, table(("setting", "default", "meaning"), rows) if rows else "")
    return "\n\n".join(part for part in parts if part)


def _named(product: str) -> str:
    return f"**{product}**: " if product else ""


def _about(setting: Setting) -> str:
    return f"{setting.about} Or `{setting.name}_FILE`, a file that holds it." if setting.secret else setting.about


def index(manuals: Sequence[tuple[Manual, str]]) -> str:
    """The page that lists them all, each with what it is."""
    rows = [(f"[{each.name}]({each.name}.md)", *_counts(each), first_sentence(about)) for each, about in manuals]
    parts = ["# Servers", MADE.format(MADE_BY), _INTRODUCTION, table(("server", "reads", "changes", "about"), rows)]
    parts += ["## Over HTTP", _HTTP]
    parts += ["## Not supported", _NOT, table(("product", "server", "meanwhile", "what it takes"), list(_missing()))]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = (
    "Each is a server of the Model Context Protocol: `mcpsoc server NAME` runs it over stdio, `--http` over streamable "
    "HTTP. `mcpsoc servers show NAME` tells the same as its page, `mcpsoc servers verify NAME --read-only` checks a "
    "live product without changing it, and `mcpsoc servers new NAME` starts one of your own."
)
_HTTP = (
    "`mcpsoc server NAME --http` listens on loopback and answers requests to loopback names only. Any other address"
    " needs a token: `MCPSOC_HTTP_TOKEN_FILE` (one bearer token, at least 32 characters), or "
    "`MCPSOC_HTTP_JWT_KEY_FILE` with `MCPSOC_HTTP_JWT_AUDIENCE` and `MCPSOC_HTTP_JWT_ISSUER` (signed tokens; one "
    "for another audience is refused). `MCPSOC_HTTP_ALLOWED_HOSTS` names what else it may be called; requests to "
    "other names and from other pages are refused. Tokens are not encrypted on their way: put a proxy with TLS in "
    "front. No token goes on to a product."
)
_NOT = "No answer is better than one nobody tested. What is missing, what does its work meanwhile, and what it takes:"


def _counts(manual: Manual) -> tuple[str, str]:
    changes = sum(tool.changes for tool in manual.tools)
    return str(len(manual.tools) - changes), str(changes or "")


def _missing() -> Iterator[tuple[str, ...]]:
    for each in missing():
        yield each.product, each.server, each.meanwhile, each.needed


def first_sentence(text: str) -> str:
    """Up to the first full stop that ends one."""
    return text.split(". ")[0].rstrip(".")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; a bar in a cell stays text."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
