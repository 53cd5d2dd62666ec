"""Alerts, events, counts, baselines and what each log source covered."""
