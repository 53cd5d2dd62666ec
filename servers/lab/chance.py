"""Randomness that can be repeated: every component draws from a stream of its own, named in words."""

from random import Random


class Stream(Random):
    """A generator whose numbers follow from the names it was made with, and from nothing else."""

    def __init__(self, *names: str | int) -> None:
        super().__init__("/".join(map(str, names)))
