"""Likelihood, severity and priority: sums and tables anyone can check. Start at `weighing.py` and `weights.yaml`."""

from agent.likelihood.severity import outcome_of, priority, severity, stage_of
from agent.likelihood.weighing import counterfactual, likelihood, weigh

__all__ = ["counterfactual", "likelihood", "outcome_of", "priority", "severity", "stage_of", "weigh"]
