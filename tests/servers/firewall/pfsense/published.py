"""The published documents of the pfSense REST API, and what in a recorded exchange does not agree with them."""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from servers.firewall.pfsense.contract import contract
from servers.firewall.pfsense.simulator_world import Recorded
from tests.servers.openapi import Document, Json

_LARGEST = 2**53


@dataclass(frozen=True)
class Published(Document):
    """Both documents: all of v2.7.1, and what writes take in v2.10.0."""

    writes: Json

    @classmethod
    def load(cls, folder: Path) -> "Published":
        """Read them from the public data, with the known slips mended."""
        with gzip.open(folder / "openapi-2.7.1.json.gz") as file:
            document = _mended(json.load(file))
        with gzip.open(folder / "write-contract-2.10.json.gz") as file:
            writes = json.load(file)["endpoints"]
        return cls(document, writes)

    def part(self) -> Json:
        """The document reduced to the operations of the package's contract, with a table that there is to ask for."""
        paths: Json = {}
        for each in contract().operations:
            operation = dict(self.operation(each.method, each.path))
            if each.model == "table":
                operation["parameters"] = [{**each, "example": "MCPSOC_BLOCK"} for each in operation["parameters"]]
            paths.setdefault(each.path, {})[each.method.lower()] = operation
        return {**self.document, "paths": paths}

    def answer(self, method: str, path: str) -> JsonValue:
        """Schema of `data` of a successful answer."""
        schema = self.operation(method, path)["responses"]["200"]["content"]["application/json"]["schema"]
        return self.fields(schema)["data"]

    def wrong(self, exchange: Recorded) -> Iterator[str]:
        """What of a request and its answer the documents do not allow."""
        try:
            operation = self.operation(exchange.method, exchange.path)
        except KeyError:
            yield f"{exchange.method} {exchange.path} is not published"
            return
        yield from self._wrong_query(exchange, operation)
        yield from self._wrong_body(exchange, operation)
        yield from self._wrong_answer(exchange, operation)

    def _wrong_query(self, exchange: Recorded, operation: Json) -> Iterator[str]:
        named = {each["name"] for each in operation.get("parameters", [])}
        data = self.resolved(self.answer(exchange.method, exchange.path))
        fields = {"id", *self.fields(data.get("items", data))} if "query" in named else set()
        for key in exchange.query:
            name, _, kind = key.partition("__")
            if key not in named and (name not in fields or kind not in contract().filters):
                yield f"query {key} is not published"

    def _wrong_body(self, exchange: Recorded, operation: Json) -> Iterator[str]:
        if exchange.body is None:
            return
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        control = contract().control
        known = {*self.fields(schema), *control}
        yield from (f"body member {name} is not published" for name in exchange.body if name not in known)
        yield from self.errors(schema, exchange.body)
        newer = self.writes.get(f"{exchange.method} {exchange.path}", {}).get("properties")
        for name in exchange.body if newer is not None else ():
            if name not in {*newer, *control}:
                yield f"body member {name} is not in v2.10.0"

    def _wrong_answer(self, exchange: Recorded, operation: Json) -> Iterator[str]:
        responses = operation["responses"]
        if str(exchange.status) not in responses:
            yield f"status {exchange.status} is not published"
        elif exchange.answer is not None:
            schema = responses[str(exchange.status)]["content"]["application/json"]["schema"]
            yield from self.errors(schema, exchange.answer)


def strict(schema: Mapping[str, JsonValue]) -> tuple[JsonValue, JsonValue, JsonValue, JsonValue]:
    """What a field's schema says about values: type, kinds, whether null, longest."""
    return schema.get("type"), schema.get("enum"), bool(schema.get("nullable")), schema.get("maxLength")


def _mended(node: JsonValue) -> JsonValue:
    """Known slips: `maxItems: 0` means no limit, and numbers no JSON parser holds exactly."""
    if isinstance(node, list):
        return [_mended(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _mended(value) for key, value in node.items()}
    if kept.get("maxItems") == 0:
        del kept["maxItems"]
    for key in ("maximum", "minimum"):
        if isinstance(kept.get(key), int) and abs(kept[key]) >= _LARGEST:
            del kept[key]
    return kept
