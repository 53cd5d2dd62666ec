"""A tool on the page of its server."""

from collections.abc import Sequence

from servers.pages.backends import Offer, Variant
from servers.pages.manual import Argument, ToolManual
from servers.pages.tables import table

MOST_NAMES = 14
"""Names of one place that a page lists."""
_PROVENANCE = {
    "T0": "the operator wrote it",
    "T1": "a sensor attests it, or it is computed from such values",
    "T2": "**possibly an attacker wrote it**: listed in the answer's `untrusted`, never in its summary",
}
_EXPIRY = {"lapse": "lapses by itself", "hold": "holds until a person ends it"}


def comparison(all_tools: Sequence[Offer], backends: Sequence[str]) -> str:
    """Which backend has which tool; nothing where all of them have all."""
    if all(len(offer.backends) == len(backends) for offer in all_tools):
        return ""
    rows = [(f"`{offer.name}`", *("yes" if name in offer.backends else "" for name in backends)) for offer in all_tools]
    return f"{_COMPARISON}\n\n{table(('tool', *backends), rows)}"


_COMPARISON = "With all of its settings set, what each has:"


def told(offer: Offer, backends: Sequence[str]) -> str:
    """One tool: who has it, and how it is elsewhere."""
    first, *others = offer.variants
    parts = [f"### {offer.name}"]
    if len(offer.backends) < len(backends):
        parts.append(f"Only with {_named(offer.backends)}.")
    parts += [_tool(first.tool), *(_difference(first.tool, other) for other in others)]
    return "\n\n".join(part for part in parts if part)


def _tool(tool: ToolManual) -> str:
    parts = [tool.description, _arguments(tool.arguments)]
    if tool.rate and not tool.changes:
        parts.append(f"At most {tool.rate}.")
    if tool.open_world:
        parts.append(_WIDE)
    return "\n\n".join([*parts, _outputs(tool)])


def _difference(usual: ToolManual, variant: Variant) -> str:
    """What is not as it is elsewhere; nothing where only the table of changes tells it."""
    tool, parts = variant.tool, []
    if tool.description != usual.description:
        parts.append(tool.description)
    if tool.arguments != usual.arguments:
        parts.append(_arguments(tool.arguments))
    if tool.open_world and not usual.open_world:
        parts.append(_WIDE)
    if tool.outputs != usual.outputs:
        parts.append(_outputs(tool))
    return "\n\n".join([f"With {_named(variant.backends)}:", *parts]) if parts else ""


_WIDE = "Asks a service outside the operator's own systems."


def _named(backends: Sequence[str]) -> str:
    return ", ".join("the embedded data" if name == "embedded" else f"**{name}**" for name in backends)


def _outputs(tool: ToolManual) -> str:
    return "\n".join(f"- {by}, {_PROVENANCE[by]}: {_paths(paths)}" for by, paths in tool.outputs.items())


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


def change_table(changes: Sequence[Offer]) -> str:
    """What every change may do, once more for backends where that is different."""
    rows: list[tuple[str, ...]] = []
    for offer in changes:
        seen: dict[tuple[str, ...], list[str]] = {}
        for variant in offer.variants:
            seen.setdefault(_effects(variant.tool), []).extend(variant.backends)
        for number, (effects, backends) in enumerate(seen.items()):
            rows.append((f"`{offer.name}`{f' with {_named(backends)}' if number else ''}", *effects))
    return table(("change", "risk", "undo", "effect", "at most"), rows)


def _effects(tool: ToolManual) -> tuple[str, ...]:
    return tool.risk, _undo(tool), _expiry(tool), tool.rate


def _undo(tool: ToolManual) -> str:
    if tool.undo:
        return f"`{tool.undo}`"
    return "is an undo, or leaves nothing to undo" if not tool.expiry else "none: it cannot be taken back"


def _expiry(tool: ToolManual) -> str:
    text = _EXPIRY.get(tool.expiry, "no lasting effect")
    return f"{text}, ended by the {tool.lapses}" if tool.lapses else text
