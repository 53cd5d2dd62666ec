"""What is blocked, by the tool that reads it back."""

from tests.servers.acting import Analyst, part


async def blocked(soc: Analyst, address: str) -> bool:
    """Whether the firewall says so."""
    return part(await soc.asks("check_address", address=address), "data", "blocked") is True
