"""A stored case run again on what it keeps: `stored.py` opens it, `replay.py` runs it, `difference.py` compares.

`variations.py` changes what should change nothing, `stability.py` says whether it did, `aliases/` renames everything
consistently, `comparing.py` holds two sets of runs side by side. Nothing here reaches a server or writes a case."""
