"""Models as an installation has them: metered, refused where the probe found them unfit, the embedded brain behind."""

from pathlib import Path

from agent.brain.disclosing import Discloser
from agent.brain.endpoint.budgets import Budgets
from agent.brain.endpoint.errors import ModelUnfitError
from agent.brain.endpoint.metered import SPEND_FILE, open_metered
from agent.brain.endpoint.modes import ModeMemory
from agent.brain.endpoint.protocol import Endpoint
from agent.brain.endpoint.settings import BudgetSettings, EndpointSettings, ModelSettings, StrongSettings
from agent.brain.failover import FailoverBrain
from agent.brain.model.brain import ModelBrain
from agent.brain.protocol import Brain
from agent.brain.records import read_record
from agent.settings import Settings


def build_models(settings: Settings, home: Path | None, discloser: Discloser) -> Brain:
    """The configured model, and the strong one where there is one, before the embedded brain.

    Raises: ModelUnfitError; ModelRecordError."""
    asked, endpoint, strong = ModelSettings(), EndpointSettings(), StrongSettings()
    budgets = Budgets(BudgetSettings(), None if home is None else home / SPEND_FILE)
    memory = ModeMemory(home)
    chosen = [open_metered(settings, endpoint=endpoint, model=asked, budgets=budgets)]
    if strong.model:
        place = strong.endpoint(endpoint)
        chosen.append(open_metered(settings, endpoint=place, model=asked, name=strong.model, budgets=budgets))
    for one in chosen:
        refuse_unfit(one, home)
    models = [ModelBrain(one, mode=asked.structured, names=settings.model_names, memory=memory) for one in chosen]
    return FailoverBrain(models, before_first=lambda model: discloser.announce(model.endpoint, hidden=model.hidden))


def model_brain(endpoint: Endpoint, *, memory: ModeMemory | None = None) -> Brain:
    """A model at any endpoint with the embedded brain behind it: for benches, probes and tests.

    Names are shown, nothing is announced, and what is spent is counted only where the endpoint is metered."""
    return FailoverBrain([ModelBrain(endpoint, names="shown", memory=memory)])


def refuse_unfit(endpoint: Endpoint, home: Path | None) -> None:
    """Raises: ModelUnfitError when the probe found that the model must not judge alerts; ModelRecordError."""
    if home is None:
        return
    name = endpoint.name.removeprefix("model:")
    fitness = read_record(home, endpoint.shown, name).fitness
    if fitness is not None and fitness.triage.allowed is False:
        why = fitness.triage.why()
        way_out = "set MCPSOC_BRAIN=playbook, or MCPSOC_MODEL to another model; mcpsoc model show has the measurements"
        raise ModelUnfitError(f"{name} at {endpoint.shown} must not judge alerts: {why}; {way_out}")
