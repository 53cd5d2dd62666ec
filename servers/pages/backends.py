"""What each product behind a server offers, told without one: built from settings alone, for a server starts with its
product down."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from servers.bundle import FACTORIES, conditions_of
from servers.embedded import LabDoor
from servers.errors import ConfigurationError
from servers.kit.machine import Machine
from servers.pages.manual import Manual, ToolManual, manual_of
from servers.pages.options import products_of
from servers.parts import Parts
from servers.settings import Settings

PREFIX = "MCPSOC_"


@dataclass(frozen=True, slots=True)
class Variant:
    """A tool as some backends have it."""

    backends: tuple[str, ...]
    tool: ToolManual


@dataclass(frozen=True, slots=True)
class Offer:
    """One tool over all backends of a server."""

    name: str
    variants: tuple[Variant, ...]
    """The one that is told in full first."""

    @property
    def backends(self) -> tuple[str, ...]:
        """Those that have it."""
        return tuple(backend for variant in self.variants for backend in variant.backends)


def manuals_of(name: str, settings: Settings, given: Mapping[str, Mapping[str, str]]) -> dict[str, Manual]:
    """By product, what a server offers over it with the settings `given` for that product.

    Raises: ConfigurationError for a product that none are given for."""
    found: dict[str, Manual] = {}
    for product in products_of(name):
        if product.name not in given:
            raise ConfigurationError(f"servers/pages/backends.yaml: no settings of {product.name} behind {name}")
        variables = {key: value.format(folder=settings.root) for key, value in given[product.name].items()}
        with environment({product.setting: product.name, **variables}):
            found[product.name] = manual_of(FACTORIES[name](_parts(settings)))
    return found


def offers(manuals: Mapping[str, Manual]) -> tuple[Offer, ...]:
    """Every tool of these backends, in the order in which they come first."""
    seen: dict[str, dict[str, ToolManual]] = {}
    for backend, manual in manuals.items():
        for tool in manual.tools:
            seen.setdefault(tool.name, {})[backend] = tool
    return tuple(Offer(name, _variants(by_backend)) for name, by_backend in seen.items())


def _variants(by_backend: Mapping[str, ToolManual]) -> tuple[Variant, ...]:
    found: list[Variant] = []
    for tool in by_backend.values():
        if all(variant.tool != tool for variant in found):
            found.append(Variant(tuple(name for name, each in by_backend.items() if each == tool), tool))
    return tuple(found)


def declared() -> dict[str, dict[str, dict[str, str]]]:
    """Settings by server and product: `backends.yaml`."""
    text = (files("servers.pages") / "backends.yaml").read_text("utf-8")
    return TypeAdapter(dict[str, dict[str, dict[str, str]]]).validate_python(yaml.safe_load(text))


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """These settings and no other of ours, whatever the machine has; as before afterwards."""
    before = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    _replace(before, variables)
    try:
        yield
    finally:
        _replace(variables, before)


def _replace(old: Mapping[str, str], new: Mapping[str, str]) -> None:
    for name in old:
        os.environ.pop(name, None)
    os.environ.update(new)


def _parts(settings: Settings) -> Parts:
    """A site whose own machine is not looked at."""
    root: Path = settings.root
    conditions = conditions_of(settings, Machine)
    return Parts(LabDoor(None), root, settings, conditions, tenant="", world="site")
