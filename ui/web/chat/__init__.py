"""A conversation as the page shows it.

turns.py draws a question with its answer, proposals.py what a person may do next, doing.py does it over the API.
"""
