"""The products behind the tools of this server, in one table. Nothing is asked of a product before the first call."""

from collections.abc import Callable
from typing import Final, Literal

from servers.endpoint.backend import EndpointBackend
from servers.endpoint.settings import EndpointSettings
from servers.parts import Parts

Behind = Literal["local"]


def behind(parts: Parts, settings: EndpointSettings, product: Behind) -> EndpointBackend:
    """The product of these settings. Raises: ConfigurationError when a setting it needs is missing."""
    return PRODUCTS[product](parts, settings)


def _local(parts: Parts, settings: EndpointSettings) -> EndpointBackend:
    from servers.endpoint.local.backend import local

    return local(settings, parts.conditions.protected, parts.settings.root)


PRODUCTS: Final[dict[Behind, Callable[[Parts, EndpointSettings], EndpointBackend]]] = {"local": _local}
