"""Checks of the model that is switched on: can it be reached, was it measured, what may it be used for?"""

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from agent.brain.endpoint.settings import EndpointSettings
from agent.brain.fitness import Fitness
from agent.brain.records import read_record
from agent.errors import ModelRecordError
from agent.wording import Language
from ui.doctor.finding import Problem
from ui.doctor.surroundings import Surroundings

REACHED_IN_S: Final = 2.0
OLD: Final = timedelta(days=90)
"""Age from which what was measured may be about another model behind the same name."""
PROBE: Final = "mcpsoc model probe"
DEFAULT: Final = str(EndpointSettings.model_fields["base_url"].default)
PORTS: Final = {"http": 80, "https": 443}


def check_model(around: Surroundings) -> Iterator[Problem]:
    """Somebody answers where the model should be, and a probe found it fit. Nothing is sent there."""
    given = {name: value for name, value in around.environment.items() if value}
    name = given.get("MCPSOC_MODEL", "")
    switched_on = given.get("MCPSOC_BRAIN", "playbook").lower() == "model"
    if not (switched_on and name and given.keys() & {"OPENAI_BASE_URL", "OPENAI_API_KEY"}):
        return
    endpoint = EndpointSettings(base_url=given.get("OPENAI_BASE_URL", DEFAULT))
    yield from _unreachable(around, endpoint)
    try:
        fitness = read_record(around.home.root, endpoint.shown, name).fitness
    except ModelRecordError as error:
        yield Problem(str(error), _run(around))
        return
    if fitness is None:
        yield Problem(around.t("nobody measured what {model} is fit for", model=name), _run(around), serious=False)
    else:
        yield from _faults(around, fitness)


def _unreachable(around: Surroundings, endpoint: EndpointSettings) -> Iterator[Problem]:
    """Nobody accepts a connection there. Behind a proxy only the proxy could tell."""
    if any(around.environment.get(name) for name in ("MCPSOC_MODEL_PROXY", "HTTPS_PROXY", "https_proxy")):
        return
    parts = urlsplit(endpoint.base_url)
    try:
        place = (parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443))
        socket.create_connection(place, timeout=REACHED_IN_S).close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        told = around.t(
            "the model's endpoint {endpoint} cannot be reached: {reason}", endpoint=endpoint.shown, reason=reason
        )
        fix = around.t("start it, or set {setting}; until then the embedded brain decides", setting="OPENAI_BASE_URL")
        yield Problem(told, fix)


def _faults(around: Surroundings, fitness: Fitness) -> Iterator[Problem]:
    """What the probe found against it."""
    t, model = around.t, fitness.model
    language: Language = "zh" if t.language == "zh" else "en"
    if fitness.triage.allowed is False:
        why = fitness.triage.why(language)
        fix = t("set {switch}, or {setting} to another model", switch="MCPSOC_BRAIN=playbook", setting="MCPSOC_MODEL")
        yield Problem(t("{model} must not judge alerts: {reason}", model=model, reason=why), fix)
    if fitness.chat.allowed is False:
        told = t("{model} should not answer questions: {reason}", model=model, reason=fitness.chat.why(language))
        yield Problem(told, t("set {setting} to another model", setting="MCPSOC_MODEL"), serious=False)
    if not fitness.complete:
        yield Problem(t("{model} was not measured to the end", model=model), _run(around), serious=False)
    elif around.now - fitness.at > OLD:
        days = (around.now - fitness.at).days
        yield Problem(t("{model} was measured {n} days ago", model=model, n=days), _run(around), serious=False)


def _run(around: Surroundings) -> str:
    return around.t("run: {command}", command=PROBE)
