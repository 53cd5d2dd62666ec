"""The published document of Wazuh's server API, and what in a recorded exchange does not agree with it."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import JsonValue

from servers.endpoint.wazuh.contract import contract
from servers.endpoint.wazuh.simulator import Recorded
from tests.servers.openapi import Document, Json

_LISTED = re.compile(r"separated by comma|commas to enter")


class Published(Document):
    """All of it, with its slips mended."""

    @classmethod
    def load(cls, path: Path) -> "Published":
        """Read it. The call that says who answers lists no failures there, though it needs a login as all do."""
        with gzip.open(path) as file:
            document = yaml.load(file, yaml.CSafeLoader)
        spared = document["paths"]["/agents"]["get"]["responses"]
        document["paths"]["/"]["get"]["responses"] |= {k: v for k, v in spared.items() if k != "200"}
        return cls(document)

    def part(self) -> Json:
        """The document reduced to the calls and parameters of the package's contract."""
        paths: Json = {}
        for each in contract().operations:
            operation = dict(self.operation(each.method, each.path))
            found = [self.resolved(parameter) for parameter in operation.get("parameters", [])]
            operation["parameters"] = [
                {**parameter, "explode": False} if parameter["schema"].get("type") == "array" else parameter
                for parameter in found
                if parameter["name"] in each.takes and parameter["name"] != "sort"
            ]
            paths[each.path] = {each.method.lower(): operation}
        kept = {"openapi": self.document["openapi"], "info": {"title": "part", "version": "5"}}
        return {
            **kept,
            "components": self.document["components"],
            "security": self.document["security"],
            "paths": paths,
        }

    def answer(self, method: str, path: str) -> Json:
        """The properties of `data` in a successful answer."""
        response = self.resolved(self.operation(method, path)["responses"]["200"])
        return self.fields(self.fields(response["content"]["application/json"]["schema"])["data"])

    def model(self, method: str, path: str) -> Json:
        """The properties of what is read: one item of a list, else `data` itself; inner ones as `object.field`."""
        data = self.answer(method, path)
        fields = self.fields(data["affected_items"]["items"]) if "affected_items" in data else data
        flat: Json = {}
        for name, schema in fields.items():
            inner = self.fields(schema)
            flat |= {f"{name}.{key}": value for key, value in inner.items()} if inner else {name: self.resolved(schema)}
        return flat

    def wrong(self, exchange: Recorded) -> Iterator[str]:
        """What of a request and its answer the document does not allow."""
        try:
            operation = self.operation(exchange.method, exchange.path)
        except KeyError:
            yield f"{exchange.method} {exchange.path} is not published"
            return
        named = {each["name"]: each for each in map(self.resolved, operation.get("parameters", []))}
        for name, value in exchange.query.items():
            if name not in named:
                yield f"parameter {name} is not published"
            else:
                yield from self._wrong_value(named[name], value)
        yield from self._wrong_answer(exchange, operation)

    def _wrong_value(self, parameter: Json, text: str) -> Iterator[str]:
        schema = self.resolved(parameter["schema"])
        value: JsonValue = text
        if schema["type"] == "array":
            assert _LISTED.search(parameter["description"])
            value = text.split(",")
        elif schema["type"] == "integer":
            value = int(text)
        yield from (f"{parameter['name']} {error}" for error in self.errors(schema, value))

    def _wrong_answer(self, exchange: Recorded, operation: Json) -> Iterator[str]:
        responses = operation["responses"]
        if str(exchange.status) not in responses:
            yield f"status {exchange.status} is not published"
            return
        content = self.resolved(responses[str(exchange.status)])["content"]["application/json"]
        yield from (f"answer {error}" for error in self.errors(content["schema"], exchange.answer))
        shown = content.get("example", {})
        if unknown := set(exchange.answer) - set(self.fields(content["schema"])) - set(shown) - {"error"}:
            yield f"answer: {sorted(unknown)} is not published"
        if exchange.status == 200:
            yield from self._strange(exchange)

    def _strange(self, exchange: Recorded) -> Iterator[str]:
        """Fields of items that the document does not know."""
        known = set(self.model(exchange.method, exchange.path))
        data = exchange.answer["data"]
        for item in data.get("affected_items", [data]):
            for name, value in item.items():
                names = {f"{name}.{key}" for key in value} if isinstance(value, dict) else {name}
                yield from (f"field {each} is not published" for each in names - known)
