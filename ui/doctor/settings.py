"""Checks of the settings: names that exist, values that can be used."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_settings import BaseSettings

import agent.settings
import evals.settings
import knowledge.settings
import servers.settings
import ui.api.settings
import ui.settings
from ui.doctor.finding import Problem
from ui.doctor.surroundings import Surroundings

PREFIX = "MCPSOC_"
CLASSES: Mapping[str, type[BaseSettings]] = {
    "agent": agent.settings.Settings,
    "servers": servers.settings.Settings,
    "knowledge": knowledge.settings.Settings,
    "ui": ui.settings.Settings,
    "ui/api": ui.api.settings.Settings,
    "evals": evals.settings.Settings,
}
"""Package, as a folder, to its settings."""


def names() -> frozenset[str]:
    """Every setting there is, as the environment names it."""
    return frozenset(f"{PREFIX}{field}".upper() for settings in CLASSES.values() for field in settings.model_fields)


def check_names(around: Surroundings) -> Iterator[Problem]:
    """Every setting that is made is one that exists."""
    known = names()
    for name in sorted(set(around.environment) - known):
        near = get_close_matches(name, known, n=1)
        hint = around.t("did you mean {name}?", name=near[0]) if near else around.t("remove it; see .env.example")
        yield Problem(around.t("there is no setting {name}", name=name), hint)


def check_values(around: Surroundings) -> Iterator[Problem]:
    """Every value is one that its setting takes."""
    seen: set[str] = set()
    for settings in CLASSES.values():
        for name, reason in _refused(settings, around.environment):
            if name not in seen:
                seen.add(name)
                yield Problem(
                    around.t("{name} cannot be used: {reason}", name=name, reason=reason),
                    around.t("mend the value; .env.example shows the default"),
                )


def check_brain(around: Surroundings) -> Iterator[Problem]:
    """A model that is switched on has a name, and an endpoint or a key."""
    if around.environment.get("MCPSOC_BRAIN", "playbook").lower() != "model":
        return
    given = {name for name, value in around.environment.items() if value}
    if "MCPSOC_MODEL" not in given:
        yield Problem(
            around.t("a model is switched on, but none is named"),
            around.t("set {setting}, or take {switch} away", setting="MCPSOC_MODEL", switch="MCPSOC_BRAIN=model"),
        )
    elif not given & {"OPENAI_BASE_URL", "OPENAI_API_KEY"}:
        yield Problem(
            around.t("a model is switched on, but no endpoint is set"),
            around.t("set {setting}, or take {switch} away", setting="OPENAI_BASE_URL", switch="MCPSOC_BRAIN=model"),
        )


def _refused(settings: type[BaseSettings], environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Setting and reason for each value that `settings` does not take; the value is not told, it may be secret."""
    given = {
        field: environment[name]
        for field in settings.model_fields
        if (name := f"{PREFIX}{field}".upper()) in environment and environment[name] != ""
    }
    try:
        settings.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            yield f"{PREFIX}{detail['loc'][0]}".upper(), detail["msg"]
