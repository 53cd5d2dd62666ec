"""One question to one resolver over UDP, and over TCP where the answer is too long.

Source: RFC 1035; a server answers a question without the recursion bit from what it has itself.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from servers.dns.backend import Said
from servers.kit import ToolError

if TYPE_CHECKING:
    from dns.message import Message

MOST_ANSWERS: Final = 50
_HINT: Final = "see MCPSOC_DNS_RESOLVER and MCPSOC_DNS_PORT"


@dataclass(frozen=True, slots=True)
class Asking:
    """A resolver's address."""

    address: str
    port: int = 53
    timeout_s: float = 5.0

    def ask(self, name: str, kind: str, *, recurse: bool = True) -> Said:
        """What it says. Raises: ToolError when it does not answer."""
        import dns.exception
        import dns.flags
        import dns.message
        import dns.query

        question = dns.message.make_query(name, kind)
        if not recurse:
            question.flags &= ~dns.flags.RD
        try:
            answer, _ = dns.query.udp_with_fallback(question, self.address, self.timeout_s, self.port)
        except dns.exception.Timeout:
            raise ToolError("timeout", "the resolver does not answer", _HINT) from None
        except (dns.exception.DNSException, OSError):
            raise ToolError("unreachable", "the resolver cannot be asked", _HINT) from None
        return _said(answer)

    def recursive(self, name: str, kind: str) -> Said:
        """The full answer: the question may go on to others. Raises: ToolError."""
        return self.ask(name, kind)


def _said(answer: "Message") -> Said:
    import dns.rcode

    rows = [(row.ttl, item.to_text()) for row in answer.answer for item in row]
    ttl = min((ttl for ttl, _ in rows), default=None)
    return Said(dns.rcode.to_text(answer.rcode()), tuple(text for _, text in rows[:MOST_ANSWERS]), ttl)
