"""What `mcpsoc model probe` does once its arguments are known."""

import asyncio
import sys

from agent.brain.endpoint import HttpEndpoint, open_endpoint
from agent.brain.endpoint.prices import load_prices
from agent.brain.endpoint.settings import EndpointSettings, ModelSettings, StrongSettings
from agent.brain.fitness import Fitness
from agent.brain.probe import Limits, Probe, Progress, Scope, estimate
from agent.brain.probe.running import MODES
from agent.brain.records import keep_fitness
from agent.settings import Settings
from ui.cli.catalogue import Catalogue
from ui.cli.fitness import check_names, print_fitness
from ui.cli.output import say, write_json
from ui.cli.places import own_home
from ui.cli.terms import inert
from ui.errors import UsageError

INTERRUPTED = 130


def run_probe(t: Catalogue, scope: Scope, limits: Limits, *, strong: bool, as_json: bool) -> int:
    """Measure, keep and print; the exit code. Raises: UsageError, ProbeStoppedError where nobody answers."""
    settings = ModelSettings()
    endpoint = _endpoint(settings, strong=strong)
    _announce(t, endpoint, scope, limits)
    probe = Probe(
        endpoint,
        scope=scope,
        limits=limits,
        prices=load_prices(settings.prices),
        modes=MODES if settings.structured == "auto" else (settings.structured,),
        progress=_Telling(t).tell,
    )
    interrupted = _run(probe, endpoint)
    if not probe.answered:
        say(t("nothing was measured"))
        return INTERRUPTED
    fitness = probe.fitness()
    keep_fitness(own_home().make().root, fitness)
    if as_json:
        write_json(fitness.model_dump(mode="json"))
    else:
        print_fitness(t, fitness)
    return INTERRUPTED if interrupted else _code(fitness)


def _run(probe: Probe, endpoint: HttpEndpoint) -> bool:
    """Make the probe; whether a person ended it, which is no reason to lose what it has."""
    try:
        asyncio.run(_made(probe, endpoint))
    except KeyboardInterrupt:
        return True
    return False


async def _made(probe: Probe, endpoint: HttpEndpoint) -> None:
    try:
        endpoint.chat_model()  # loads the libraries, which is no time of the model
        await probe.run()
    finally:
        await endpoint.aclose()


def _code(fitness: Fitness) -> int:
    return 0 if fitness.triage.allowed and fitness.chat.allowed else 1


def _endpoint(settings: ModelSettings, *, strong: bool) -> HttpEndpoint:
    """The endpoint of the settings. Raises: UsageError when no model is named there."""
    first, second = EndpointSettings(), StrongSettings()
    agent = Settings()
    name = second.model if strong else agent.model
    if not name:
        setting = "MCPSOC_STRONG_MODEL" if strong else "MCPSOC_MODEL"
        raise UsageError("no model is named: set {setting}, and OPENAI_BASE_URL to its endpoint", setting=setting)
    return open_endpoint(agent, endpoint=second.endpoint(first) if strong else first, model=settings, name=name)


def _announce(t: Catalogue, endpoint: HttpEndpoint, scope: Scope, limits: Limits) -> None:
    """Say what will be sent where, before anything is."""
    about = estimate(scope)
    say(t("asking {model} at {endpoint}", model=inert(endpoint.model), endpoint=inert(endpoint.shown)))
    say(
        t(
            "about {requests} requests and {tokens} tokens, at most {most}; Ctrl-C ends it and keeps what it has",
            requests=about.requests,
            tokens=f"{about.tokens:,}",
            most=f"{limits.tokens:,}",
        )
    )
    say(t("only invented cases are sent, nothing of yours"))


class _Telling:
    """Progress on stderr: a line for each check that is done, and on a terminal the request under way."""

    def __init__(self, t: Catalogue) -> None:
        self._t = t
        self._live = sys.stderr.isatty()

    def tell(self, progress: Progress) -> None:
        """Tell how far it is."""
        name = check_names(self._t)[progress.name]
        if progress.done is not None:
            self._write("")
            say(
                self._t(
                    "{check}: {passed} of {total}", check=name, passed=progress.done.passed, total=progress.done.total
                )
            )
        else:
            self._write(self._t("request {n}: {check} ...", n=progress.requests, check=name))

    def _write(self, text: str) -> None:
        if self._live:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
