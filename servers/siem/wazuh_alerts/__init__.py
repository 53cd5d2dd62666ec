"""The alerts of a Wazuh manager, from the file it writes them to (alerts.json). Only what a rule fired on is in it.

alert.py   one line as flat ECS fields     table.py                   which field of Wazuh becomes which
                                           matching.py, reading.py    the tools
"""
