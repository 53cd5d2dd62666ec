"""A server to start from: `mcpsoc servers new NAME` fills templates/ in and writes them down."""

from servers.kit.scaffold.making import Made, scaffold

__all__ = ["Made", "scaffold"]
