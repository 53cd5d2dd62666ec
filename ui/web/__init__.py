"""The page: a client of the API that holds no work itself.

serve.py starts it, entering.py signs people in, app.py is run for every look at it, frame.py is what all
pages share, pages/ has one file each. markup.py builds HTML out of texts nobody trusts, board.py shows it, looks.py and
style.css are how it looks.
"""
