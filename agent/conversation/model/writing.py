"""What a model writes: sentences with their kind and what they cite. Nothing of it is believed unchecked."""

from agent.conversation.models import SentenceKind
from agent.models import Model, Ref


class WrittenSentence(Model):
    """One sentence as the model put it."""

    text: str
    kind: SentenceKind
    cites: tuple[Ref, ...] = ()


class Writing(Model):
    """A model's whole answer, and what it cost."""

    sentences: tuple[WrittenSentence, ...]
    rounds: int = 0
    tokens: int = 0
    """Prompt and completion together, as the endpoint counted them; 0 when it does not say."""
