"""The products an operator can configure, in one table. Nothing is asked of a product before the first call."""

from collections.abc import Callable
from typing import Final

from servers.endpoint.backend import EndpointBackend
from servers.endpoint.settings import EndpointSettings, Product
from servers.parts import Parts


def behind(parts: Parts, settings: EndpointSettings, product: Product) -> EndpointBackend:
    """The product of these settings. Raises: ConfigurationError when a setting it needs is missing."""
    return PRODUCTS[product](parts, settings)


def _local(parts: Parts, settings: EndpointSettings) -> EndpointBackend:
    from servers.endpoint.local.backend import local

    return local(settings, parts.conditions.protected, parts.settings.root)


PRODUCTS: Final[dict[Product, Callable[[Parts, EndpointSettings], EndpointBackend]]] = {"local": _local}
