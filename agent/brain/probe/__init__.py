"""What is a model fit for? `Probe` asks it some twenty small questions whose answers code can judge.

    Probe (running.py) -> one file per kind of question -> Session (counts, times, stops) -> the endpoint
    uses.py says what follows from the answers; the result is an `agent.brain.fitness.Fitness`.

No model judges another, and nothing that keeps the analyst safe rests on what is measured here.
"""

from agent.brain.probe.running import Probe, Progress
from agent.brain.probe.scope import Estimate, Limits, Scope, estimate

__all__ = ["Estimate", "Limits", "Probe", "Progress", "Scope", "estimate"]
