"""Who may do what. Start at `authorisation.py`: one function that the API and the command line both call."""
