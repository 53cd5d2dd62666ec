"""The simulated enterprise every embedded server answers from.

`world.py` holds the `Lab` (one SQLite file with its own clock), `queries/` the read functions servers use,
`population.py` and `background/` ordinary life, `stories/` the attacks and their twins, `reaction.py` what
containment does. Everything in it is synthetic.
"""
