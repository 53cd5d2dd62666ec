"""Flows the firewall logged, and addresses it blocks."""
