"""Values that are made once for each function or class, and forgotten with it."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

Subject = TypeVar("Subject")
Made = TypeVar("Made")


def remembered(make: Callable[[Subject], Made]) -> Callable[[Subject], Made]:
    """`make` that is called once for each subject. What it gives is shared: nobody may change it."""
    kept: WeakKeyDictionary[Subject, Made] = WeakKeyDictionary()

    @wraps(make)
    def recall(subject: Subject) -> Made:
        if subject not in kept:
            kept[subject] = make(subject)
        return kept[subject]

    return recall
