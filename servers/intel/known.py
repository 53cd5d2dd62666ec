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
        """Whether the operator's lists hold a hash, domain, address or URL as own or known-good."""
        found = sorted(self.lists.find(observable(value)), key=lambda each: not each.entry.meant)
        if not found:
            return Reply(Known(known=False), "in no list", observed_at=self.lists.oldest())
        first = found[0]
        data = Known(known=first.entry.meant, value=first.entry.text, register=first.name)
        said = "listed in" if first.entry.meant else "not known: only a domain, network or text around it is in"
        return Reply(data, f"{said} {first.name}", observed_at=first.at)
