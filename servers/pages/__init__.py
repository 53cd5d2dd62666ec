"""What a person reads about the bundled servers, made from what they publish: `python -m servers.pages`."""
