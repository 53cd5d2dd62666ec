"""What every server has to do whatever it stands for, call by call: for the bundled ones and a user's own.

run.py        assert_conformant: start here           published.py  what a client is shown
valid.py      arguments that fit a schema             payloads.py   arguments that mean harm
judge.py      what any answer must be like            fuzz.py       bad arguments, in every place for a text
changes.py    nothing changes without a grant         load.py       big, cancelled, many at once, backend gone
traces.py     what must not be left behind            session.py    a client in this process
"""

from servers.kit.conformance.run import assert_conformant, complaints

__all__ = ["assert_conformant", "complaints"]
