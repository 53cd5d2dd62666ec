"""What is newer than the table: few sections, held in memory and scored one by one by the same formula."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from knowledge.lexical.table import Table, Word, counted, idf, score
from knowledge.models import Filter
from knowledge.store import Held


@dataclass(frozen=True, slots=True)
class Newer:
    """A section that the table does not hold as it is now."""

    held: Held
    words: Counter[str]
    length: int

    @classmethod
    def of(cls, held: Held) -> "Newer":
        words = counted(held)
        return cls(held, words, words.total())

    def allowed(self, wanted: Filter) -> bool:
        """Whether a filter may allow it; as `Table.allowed`."""
        held = self.held
        return (
            (not wanted.kinds or held.kind in wanted.kinds)
            and (not wanted.languages or held.language in wanted.languages)
            and (not wanted.provenance or held.provenance in wanted.provenance)
        )


class Tail:
    """The newer sections by id, and by word which of them hold it."""

    def __init__(self) -> None:
        self.sections: dict[str, Newer] = {}
        self.by_word: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self.sections)

    def put(self, held: Held) -> None:
        """Hold a section as it is now."""
        self.drop(held.section.id)
        newer = Newer.of(held)
        self.sections[held.section.id] = newer
        for word in newer.words:
            self.by_word.setdefault(word, set()).add(held.section.id)

    def drop(self, section_id: str) -> None:
        """Forget a section; one that is not there changes nothing."""
        newer = self.sections.pop(section_id, None)
        for word in newer.words if newer else ():
            holders = self.by_word[word]
            holders.discard(section_id)
            if not holders:
                del self.by_word[word]

    def ranked(self, words: Collection[Word], wanted: Filter, table: Table) -> Mapping[str, float]:
        """Scores of the allowed sections that hold any of the words, by the idf of table and tail together."""
        found: dict[str, float] = {}
        whole = len(table.ids) + len(self)
        for word in words:
            holders = self.by_word.get(word.token, ())
            told = word.weight * idf(len(holders) + table.frequency(word.token), whole) if holders else 0.0
            for key in holders:
                newer = self.sections[key]
                part = score(newer.words[word.token], newer.length, table.mean_length, told)
                found[key] = found.get(key, 0.0) + part
        return {key: value for key, value in found.items() if self.sections[key].allowed(wanted)}
