"""Wazuh through its server API: which agents there are, and when they last reported.

settings.py   what an operator sets          contract.py + contract.yaml   the part of the API that is used
client.py     the calls, with their traps    answers.py, models.py         what comes back, and what is given on
hosts.py      the tools
simulator.py  a stand-in for tests alone: never reached in a manager's place
"""
