"""Triage as a process: alerts out of the inbox, one case after the other, until it is told to stop."""
