"""Cases that resemble a case."""

from agent.models import Case
from ui.api.casework import Casework
from ui.api.models import SimilarCases


def similar_to(case: Case, work: Casework, limit: int) -> SimilarCases:
    """The most similar cases of the same world."""
    return SimilarCases(similar=())
