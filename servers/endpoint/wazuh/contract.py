"""The part of the Wazuh server API that this package relies on, read from `contract.yaml`.

Source: wazuh/wazuh (GPL-2.0), OpenAPI document of 5.1.0-alpha0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a model."""

    type: str
    """string, integer or strings (a list of them)."""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of the API."""

    method: str
    path: str
    many: bool
    """Whether it answers a list."""
    model: str
    takes: tuple[str, ...]
    """Parameters of the query that are used."""
    right: str
    """What the user's role has to allow; none: every user may."""


@dataclass(frozen=True, slots=True)
class Contract:
    """All of it."""

    models: Mapping[str, Mapping[str, Field]]
    """A field of an object inside is written `object.field`."""
    operations: tuple[Operation, ...]

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation of a request; None when it is not in the contract."""
        return next((each for each in self.operations if (each.method, each.path) == (method, path)), None)


@cache
def contract() -> Contract:
    """The contract of this package."""
    import yaml

    given = yaml.safe_load(files("servers.endpoint.wazuh").joinpath("contract.yaml").read_text(encoding="utf-8"))
    models = {
        name: {key: _field(str(text)) for key, text in fields.items()} for name, fields in given["models"].items()
    }
    return Contract(
        models,
        tuple(_operation(row["call"], row["answers"], row["takes"], row["right"]) for row in given["operations"]),
    )


def _operation(call: str, answers: str, takes: list[str], right: str) -> Operation:
    method, path = call.split(" ")
    amount, model = answers.split(" ")
    return Operation(method, path, amount == "many", model, tuple(takes), right)


def _field(text: str) -> Field:
    return Field("string", tuple(text.split("|"))) if "|" in text else Field(text)
