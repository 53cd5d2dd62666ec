"""Alerts of network intrusion detection with what the same flow carried, captures, rules and indicators."""
