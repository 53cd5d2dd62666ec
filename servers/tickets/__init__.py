"""Tickets: own ones in a file of the home, or those of a REST ticket system that a mapping describes."""
