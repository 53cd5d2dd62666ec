"""The operator's own lists of known-good values: files whose word closes cases, so only what one stands behind."""

from dataclasses import dataclass

from servers.embedded import Name
from servers.intel.models import Known
from servers.kit import Reply
from servers.lists import Lists
from servers.observables import observable


@dataclass(frozen=True, slots=True)
class KnownLists:
    """The tool over them."""

    lists: Lists

    def intel_check_known(self, value: Name) -> Reply[Known]:
        """Whether the operator's lists hold a hash, domain (or its parent), address or URL as own or known-good."""
        found = next(self.lists.find(observable(value)), None)
        if found is None:
            return Reply(Known(known=False), "in no list", observed_at=self.lists.oldest())
        data = Known(known=True, value=found.entry, register=found.name)
        return Reply(data, f"listed in {found.name}", observed_at=found.at)
