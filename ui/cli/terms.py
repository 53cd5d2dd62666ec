"""The vocabulary in the reader's language: dispositions, severities, outcomes; in JSON they are code words."""

from agent.evidence.text import inert as _inert
from ui.cli.catalogue import Catalogue

WIDE = 400
"""Characters of outside text that one line of a terminal shows."""


def inert(text: str) -> str:
    """Outside text made harmless for a terminal."""
    return _inert(text, WIDE)


def term(t: Catalogue, word: str | None) -> str:
    """A word of the vocabulary as a person reads it; unknown words stay as they are."""
    words = {
        None: "",
        "true_positive": t("true positive"),
        "benign_true_positive": t("benign true positive"),
        "false_positive": t("false positive"),
        "needs_human": t("needs a person"),
        "not_evaluable": t("not evaluable"),
        "informational": t("informational"),
        "low": t("low"),
        "medium": t("medium"),
        "high": t("high"),
        "critical": t("critical"),
        "attempted": t("attempted"),
        "blocked": t("blocked"),
        "succeeded": t("succeeded"),
        "unknown": t("unknown"),
        "full": t("full"),
        "partial": t("partial"),
        "single_source": t("single source"),
        "alert_only": t("alert only"),
        "new": t("new"),
        "investigating": t("investigating"),
        "open": t("open"),
        "taken": t("taken"),
        "closed": t("closed"),
        "success": t("answered"),
        "no_data": t("nothing there"),
        "error": t("failed"),
        "stale": t("out of date"),
        "refused": t("refused"),
    }
    return words.get(word, word or "")
