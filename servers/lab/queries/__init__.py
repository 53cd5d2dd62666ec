"""What servers may read of a lab: small functions over `Lab.db`, all times aware, all SQL parametrised.

`events.py` search, counts, baselines, alerts · `endpoint.py` processes, logons, files · `network.py` flows and blocks ·
`entities.py` people, hosts, work, intel · `coverage.py` which sensor saw which host when.
None of them touches the ground truth.
"""
