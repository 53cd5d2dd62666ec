"""What the page of the knowledge base is asked for, as its address says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast, get_args

from knowledge.models import KINDS, Kind, Language
from ui.api.models_knowledge import Whose
from ui.cli.catalogue import Catalogue
from ui.web.icons import icon
from ui.web.knowledge.labels import LANGUAGE_NAMES, kind_name
from ui.web.markup import Html, el

LONGEST: Final = 500
"""Characters of a query."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Values as the address has them; empty ones narrow nothing."""

    query: str = ""
    kind: Kind | None = None
    language: Language | None = None
    whose: Whose | None = None
    start: int = 0
    """How many documents come before the first that is listed."""

    @classmethod
    def read(cls, address: Mapping[str, str]) -> "Asked":
        """From the parameters of an address; a value nobody knows narrows nothing."""
        kind, language, whose = (address.get(name, "") for name in ("kind", "in", "whose"))
        start = address.get("from", "")
        return cls(
            query=address.get("q", "").strip()[:LONGEST],
            kind=next((known for known in KINDS if known == kind), None),
            language=cast(Language, language) if language in get_args(Language) else None,
            whose=cast(Whose, whose) if whose in get_args(Whose) else None,
            start=min(int(start), 1_000_000) if start.isdecimal() else 0,
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything but the query hides documents."""
        return any((self.kind, self.language, self.whose))


def draw_asking(t: Catalogue, asked: Asked) -> Html:
    """The words to search for, and what narrows the search and the list."""
    label = t("Search runbooks, procedures, techniques and past cases")
    return el(
        "form",
        el(
            "div",
            el(
                "input",
                name="q",
                value=asked.query,
                type="search",
                aria_label=label,
                placeholder=label,
                id="q",
                maxlength=LONGEST,
            ),
            *(el("input", name=name, value="", type="hidden") for name in ("section", "document")),
            el("button", icon("search"), t("Search"), class_="button primary"),
            class_="find",
        ),
        el("div", _kinds(t, asked), _languages(t, asked), _whose(t, asked), class_="narrow"),
        role="search",
        id="knowledge-search",
        class_="asking",
    )


def _kinds(t: Catalogue, asked: Asked) -> Html:
    choices = [(kind, kind_name(t, kind, many=True)) for kind in KINDS]
    return _choice("kind", t("Kind"), t("Every kind"), [(str(kind), name) for kind, name in choices], asked.kind)


def _languages(t: Catalogue, asked: Asked) -> Html:
    choices = [(str(language), name) for language, name in LANGUAGE_NAMES.items()]
    return _choice("in", t("Language of the document"), t("Every language"), choices, asked.language)


def _whose(t: Catalogue, asked: Asked) -> Html:
    choices = [("own", t("Own documents")), ("outside", t("From outside, unverified"))]
    return _choice("whose", t("Who wrote it"), t("Own and from outside"), choices, asked.whose)


def _choice(name: str, label: str, every: str, choices: list[tuple[str, str]], chosen: str | None) -> Html:
    options = (el("option", shown, value=value, selected=value == chosen) for value, shown in choices)
    return el(
        "select",
        el("option", every, value=""),
        *options,
        name=name,
        id=f"knowledge-{name}",
        data_param=name,
        aria_label=label,
    )
