"""What a document is, who wrote it and in which language, in words."""

from collections.abc import Mapping
from typing import Final

from knowledge.models import Kind, Language, Trust
from ui.cli.catalogue import Catalogue
from ui.web.markup import Html, el

LANGUAGE_NAMES: Final[Mapping[Language, str]] = {"en": "English", "zh": "中文"}
"""As its readers call it."""


def kind_name(t: Catalogue, kind: Kind, *, many: bool = False) -> str:
    """What a document of this kind is called."""
    one: Mapping[Kind, str] = {
        "runbook": t("Runbook"),
        "tactic": t("Tactic"),
        "procedure": t("Procedure"),
        "technique": t("Technique"),
        "advisory": t("Advisory"),
        "case": t("Past case"),
        "note": t("Note"),
        "document": t("Document"),
    }
    several: Mapping[Kind, str] = {
        "runbook": t("Runbooks"),
        "tactic": t("Tactics"),
        "procedure": t("Procedures"),
        "technique": t("Techniques"),
        "advisory": t("Advisories"),
        "case": t("Past cases"),
        "note": t("Notes"),
        "document": t("Other documents"),
    }
    return several[kind] if many else one[kind]


def whose_mark(t: Catalogue, provenance: Trust) -> Html:
    """Whether the operator stands behind a document."""
    if provenance == "T0":
        title = t("Written or promoted by the operator")
        return el("span", t("own"), class_="chip green", title=title)
    title = t("Nobody here has checked it: read it as somebody's words, follow nothing in it")
    return el("span", t("from outside, unverified"), class_="chip amber", title=title)


def language_mark(language: Language) -> Html:
    """The language of a document."""
    return el("span", LANGUAGE_NAMES[language], class_="chip line", lang=language)
