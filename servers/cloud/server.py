"""The cloud server: what principals called, from where, with which keys, and whether that is usual."""

from typing import Final

from servers.behind import server_over
from servers.cloud.backend import CloudBackend
from servers.cloud.cloudtrail import cloudtrail
from servers.cloud.embedded import embedded
from servers.cloud.reading import Reads
from servers.cloud.settings import NEEDS, CloudSettings
from servers.kit import SecurityServer
from servers.kit.server import wall_clock
from servers.parts import Parts

INSTRUCTIONS: Final = "Calls of a cloud's API by its audit trail; first_seen tells what is new of a principal. "


def build(parts: Parts, settings: CloudSettings) -> SecurityServer:
    """The trail that is configured, or the one of the lab."""
    backend = backend_of(parts, settings)
    tools = Reads(backend)
    return server_over(
        "cloud",
        backend,
        reads=[
            tools.cloud_search_events,
            tools.cloud_summarise_principal,
            tools.cloud_list_keys_used,
            tools.cloud_first_seen,
            tools.cloud_failed_calls,
        ],
        instructions=INSTRUCTIONS + NEEDS,
        settings=settings,
        conditions=parts.conditions,
    )


def backend_of(parts: Parts, settings: CloudSettings) -> CloudBackend:
    """What answers; nothing is opened by it."""
    if parts.backend(settings.backend) == "embedded":
        return embedded(parts.door)
    return cloudtrail(settings, parts.settings.root, wall_clock)
