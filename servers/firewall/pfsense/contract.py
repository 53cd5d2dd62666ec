"""The part of the pfSense REST API that this package relies on, read from `contract.yaml`, and what it says of a value.

Source: pfrest/pfSense-pkg-RESTAPI (Apache-2.0), OpenAPI documents of v2.7.1 and v2.10.0.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, TypeAlias

from pydantic import JsonValue, TypeAdapter

Use: TypeAlias = Literal["read", "block", "setup"]
Json: TypeAlias = dict[str, JsonValue]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "strings": (list,),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a model."""

    type: str
    """string, boolean, integer, number or strings (a list of them)."""
    null: bool = False
    choices: tuple[str, ...] = ()
    longest: int | None = None
    """Most characters a text may have."""

    def schema(self) -> Json:
        """The same as JSON schema of OpenAPI 3.0."""
        inner: Json = {"type": "string"} if self.type == "strings" else {}
        schema: Json = {"type": "array", "items": inner} if inner else {"type": self.type}
        if self.choices:
            schema["enum"] = list(self.choices)
        if self.longest is not None:
            schema["maxLength"] = self.longest
        return schema | ({"nullable": True} if self.null else {})

    def wrong(self, value: JsonValue) -> str | None:
        """Why a value does not fit; None when it does. The value itself is not quoted."""
        if value is None:
            return None if self.null else "is null"
        kinds = _TYPES[self.type]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            return f"is not of type {self.type}"
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            return "holds something that is no string"
        if self.choices and value not in self.choices:
            return f"is none of {', '.join(self.choices)}"
        return "is too long" if isinstance(value, str) and self.longest and len(value) > self.longest else None


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of the API."""

    method: str
    path: str
    many: bool
    """Whether it answers a list."""
    model: str
    privilege: str
    """What the key's user has to be allowed."""
    use: Use
    takes: str | None = None
    """Model of the body; None: it has none."""
    needs: tuple[str, ...] = ()
    """Members that the body must have."""
    by: str | None = None
    """Query parameter that names the one object."""


@dataclass(frozen=True, slots=True)
class Contract:
    """All of it."""

    models: Mapping[str, Mapping[str, Field]]
    operations: tuple[Operation, ...]
    control: frozenset[str]
    """Members of a body that steer the call and belong to no model."""
    paging: frozenset[str]
    filters: tuple[str, ...]
    """What may follow `field__` in a query; empty: the field alone, which means equal."""

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation of a request; None when it is not in the contract."""
        return next((each for each in self.operations if (each.method, each.path) == (method, path)), None)

    def fields(self, operation: Operation) -> Mapping[str, Field]:
        """The fields of what an operation answers."""
        return self.models[operation.model]

    def breaches(self, operation: Operation, data: JsonValue) -> Iterator[str]:
        """What in an answer's `data` is not as this package relies on it; in its own words, no value quoted."""
        if isinstance(data, list) != operation.many:
            yield f"data is {'no' if operation.many else 'a'} list"
            return
        for row in data if isinstance(data, list) else [data]:
            if not isinstance(row, dict):
                yield "a row is no object"
                return
            yield from self._of_row(operation, row)

    def _of_row(self, operation: Operation, row: Json) -> Iterator[str]:
        for name, field in self.fields(operation).items():
            if name not in row:
                yield f"{name} is missing"
            elif (why := field.wrong(row[name])) is not None:
                yield f"{name} {why}"


@cache
def contract() -> Contract:
    """The contract of this package."""
    import yaml

    text = files("servers.firewall.pfsense").joinpath("contract.yaml").read_text("utf-8")
    raw = TypeAdapter(dict[str, JsonValue]).validate_python(yaml.safe_load(text))
    models = TypeAdapter(dict[str, dict[str, str]]).validate_python(raw["models"])
    calls = TypeAdapter(list[dict[str, str | list[str]]]).validate_python(raw["operations"])
    words = TypeAdapter(list[str]).validate_python
    return Contract(
        models={name: {key: _field(text) for key, text in fields.items()} for name, fields in models.items()},
        operations=tuple(_operation(call) for call in calls),
        control=frozenset(words(raw["control"])),
        paging=frozenset(words(raw["paging"])),
        filters=tuple(words(raw["filters"])),
    )


def _field(text: str) -> Field:
    null, text = text.startswith("maybe "), text.removeprefix("maybe ")
    if "|" in text:
        return Field("string", null, tuple(text.split("|")))
    kind, _, longest = text.partition(" ")
    return Field(kind, null, longest=int(longest) if longest else None)


def _operation(call: Mapping[str, str | list[str]]) -> Operation:
    method, path = str(call["call"]).split(" ")
    number, model = str(call["answers"]).split(" ")
    use = TypeAdapter[Use](Use).validate_python(call["use"])
    return Operation(
        method=method,
        path=path,
        many=number == "many",
        model=model,
        privilege=str(call["privilege"]),
        use=use,
        takes=str(call["takes"]) if "takes" in call else None,
        needs=tuple(call.get("needs", ())),
        by=str(call["by"]) if "by" in call else None,
    )
