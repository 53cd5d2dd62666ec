"""The ATT&CK mapper, fitted when somebody brings ATT&CK's own examples."""

from collections.abc import Callable
from pathlib import Path

from knowledge.errors import DocumentError
from knowledge.mapping import fit_mapper, read_attack_texts, save_mapper
from ui.home import Home
from ui.library.opening import knowledge_home


def learn_techniques(home: Home, source: Path, say: Callable[[str], None]) -> bool:
    """Fit the mapper on this source and keep it, a minute's work; False where the source has no examples to learn from.

    `say` hears each step, and why nothing was learnt. A server that runs takes it up at its next start.
    Raises: StoreError."""
    try:
        mapper = fit_mapper(read_attack_texts(source), say)
    except DocumentError as error:
        say(str(error))
        return False
    save_mapper(mapper, knowledge_home(home))
    return True
