"""The pages of docs/servers as text."""

from collections.abc import Iterator, Mapping, Sequence

from servers.pages.backends import offers
from servers.pages.manual import Manual
from servers.pages.options import Group, Product, Setting
from servers.pages.tables import table
from servers.pages.tools import change_table, comparison, told
from servers.pages.unsupported import missing

MADE = "<!-- Made by `{}` from what the server publishes; a test holds it to that. -->"
MADE_BY = "python -m servers.pages"


def page(
    manual: Manual,
    about: str,
    products: Sequence[Product],
    groups: Sequence[Group],
    made_by: str = MADE_BY,
    over: Mapping[str, Manual] | None = None,
) -> str:
    """The page of one server; `over` is what it offers over each product."""
    backends = {manual.backend: manual, **(over or {})}
    all_tools = offers(backends)
    reads = [offer for offer in all_tools if not offer.variants[0].tool.changes]
    changes = [offer for offer in all_tools if offer.variants[0].tool.changes]
    parts = [f"# {manual.name}", MADE.format(made_by), about, manual.instructions, _behind(manual, products)]
    parts += [comparison(all_tools, tuple(backends))]
    parts += ["## Reads", *(told(offer, tuple(backends)) for offer in reads)]
    if changes:
        parts += ["## Changes", _CHANGES, change_table(changes), *(told(offer, tuple(backends)) for offer in changes)]
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


def index(manuals: Sequence[tuple[Manual, Mapping[str, Manual], str]]) -> str:
    """The page that lists them all, each with what it is and what it offers over products."""
    rows = [
        (f"[{each.name}]({each.name}.md)", *_counts(each), _more(each, over), first_sentence(about))
        for each, over, about in manuals
    ]
    headings = ("server", "reads", "changes", "more with a product", "about")
    parts = ["# Servers", MADE.format(MADE_BY), _INTRODUCTION, table(headings, rows)]
    parts += ["## Over HTTP", _HTTP]
    parts += ["## Not supported", _NOT, table(("product", "server", "meanwhile", "what it takes"), list(_missing()))]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = (
    "Each is a server of the Model Context Protocol: `mcpsoc server NAME` runs it over stdio, `--http` over streamable "
    "HTTP. `mcpsoc servers show NAME` tells the same as its page, `mcpsoc servers verify NAME --read-only` checks a "
    "live product without changing it, and `mcpsoc servers new NAME` starts one of your own.\n\n"
    "Set `MCPSOC_<SERVER>_BACKEND` to one of the products on its page. Some tools are then described otherwise than "
    "over the simulated enterprise; where the home was used before, the analyst leaves those alone until you read them "
    "(`mcpsoc servers diff`) and accept them (`mcpsoc servers accept NAME`)."
)
_HTTP = (
    "`mcpsoc server NAME --http` listens on loopback and answers requests to loopback names only. Any other address"
    " needs a token: `MCPSOC_HTTP_TOKEN_FILE` (one bearer token, at least 32 characters), or "
    "`MCPSOC_HTTP_JWT_KEY_FILE` with `MCPSOC_HTTP_JWT_AUDIENCE` and `MCPSOC_HTTP_JWT_ISSUER` (signed tokens; one "
    "for another audience is refused). `MCPSOC_HTTP_ALLOWED_HOSTS` names what else it may be called; requests to "
    "other names and from other pages are refused. Tokens are not encrypted on their way: put a proxy with TLS in "
    "front. No token goes on to a product. A connection that says no whole head of a request within 10 seconds is "
    "closed, and 256 requests are answered at once; where strangers reach the server, let the proxy bound connections "
    "per address. At SIGTERM a change that is under way is settled and recorded first."
)
_NOT = "No answer is better than one nobody tested. What is missing, what does its work meanwhile, and what it takes:"


def _counts(manual: Manual) -> tuple[str, str]:
    changes = sum(tool.changes for tool in manual.tools)
    return str(len(manual.tools) - changes), str(changes or "")


def _more(manual: Manual, over: Mapping[str, Manual]) -> str:
    """How many tools there are that only products have."""
    there = {tool.name for tool in manual.tools}
    found = {tool.name for each in over.values() for tool in each.tools} - there
    return str(len(found) or "")


def _missing() -> Iterator[tuple[str, ...]]:
    for each in missing():
        yield each.product, each.server, each.meanwhile, each.needed


def first_sentence(text: str) -> str:
    """Up to the first full stop that ends one."""
    return text.split(". ")[0].rstrip(".")
