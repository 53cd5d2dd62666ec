"""Hunts: the same investigation from a question instead of an alert.

words -> translating.py -> Hunt (hunt.py) -> an alert that a person raised -> the graph, with the playbook that
playbook.py makes of agent/playbooks/hunt.yaml -> judging.py: found, to be judged, not found, could not look
"""
