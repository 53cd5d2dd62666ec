"""The machine this server runs on: what psutil, the logon records and the audit log tell, and what can be changed.

backend.py     all parts put together: start here      machine.py     its name and addresses, and whether one is meant
processes.py   what runs, tree.py who started what     auditlog.py    what ran and was touched, from auditd's log
tables.py      tables as osquery names them            query.py       one SELECT over them, within bounds
isolation.py, killing.py, collecting.py                the changes     looking.py   files as they are
"""
