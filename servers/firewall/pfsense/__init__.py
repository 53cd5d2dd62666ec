"""pfSense through its REST API package (v2): blocks, states, rules and the filter log of a box.

settings.py   what an operator sets          contract.py + contract.yaml   the part of the API that is used
client.py     the calls, with their traps    filterlog.py                  the raw log line, parsed
backend.py    the firewall server's parts    verify.py                     a live box checked without changing it
simulator.py  a stand-in for tests alone: never reached in a box's place
"""
