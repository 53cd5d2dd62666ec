"""Telling people: messages from templates to channels that the operator configured, and to nobody else."""
