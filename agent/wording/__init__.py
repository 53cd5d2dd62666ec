"""What the analyst says, in the reader's language. The English sentence is the key; evidence stays in its own words."""

from agent.wording.catalogue import LANGUAGES, Language, localised

__all__ = ["LANGUAGES", "Language", "localised"]
