"""A vendor's published OpenAPI document, to hold clients, simulators and recorded exchanges to."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from jsonschema import Draft202012Validator
from pydantic import JsonValue

Json: TypeAlias = dict[str, JsonValue]
_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@dataclass(frozen=True)
class Document:
    """All of it, as OpenAPI 3.0 writes it."""

    document: Json
    judges: dict[int, Draft202012Validator] = field(default_factory=dict, kw_only=True)
    """By the schema of the document, which lives as long as they do."""

    def operation(self, method: str, path: str) -> Json:
        """One operation. Raises: KeyError when it is not published."""
        return _at(self.document, "paths", path, method.lower())

    def resolved(self, node: JsonValue) -> Json:
        """What a reference stands for."""
        assert isinstance(node, dict)
        while isinstance(reference := node.get("$ref"), str):
            node = _at(self.document, *reference.removeprefix("#/").split("/"))
        return node

    def fields(self, node: JsonValue) -> Json:
        """All properties of a schema with its references and parts resolved."""
        schema = self.resolved(node)
        properties, parts = schema.get("properties") or {}, schema.get("allOf") or []
        assert isinstance(properties, dict)
        assert isinstance(parts, list)
        found = dict(properties)
        for each in parts:
            found |= self.fields(each)
        return found

    def errors(self, schema: JsonValue, value: JsonValue) -> Iterator[str]:
        """What of a value a schema of the document does not allow."""
        if (judge := self.judges.get(id(schema))) is None:
            own = _nullable(schema)
            assert isinstance(own, dict)
            judge = Draft202012Validator({**own, "components": self.components})
            self.judges[id(schema)] = judge
        for error in judge.iter_errors(value):
            yield f"{error.json_path}: {error.message[:200]}"

    @cached_property
    def components(self) -> JsonValue:
        """Shared schemas, in the words of JSON schema."""
        return _nullable(self.document["components"])


def explored(
    folder: Path,
    document: Json,
    url: str,
    header: str,
    *words: str,
    examples: int,
    more: Mapping[str, str] | None = None,
) -> None:
    """Send what nobody thought of, and compare each answer with the document. `more` goes into the environment.

    Raises: AssertionError with what schemathesis found."""
    schema = folder / "part.json"
    schema.write_text(json.dumps(document, default=str))
    program = Path(sys.executable).with_name("schemathesis")
    phases = ["--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", "1"]
    ran = subprocess.run(
        [program, "run", schema, "--url", url, "-H", header, *phases, "--checks", _CHECKS, *words],
        capture_output=True,
        text=True,
        timeout=280,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", **(more or {})},
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]


def _at(node: Json, *steps: str) -> Json:
    for step in steps:
        found = node[step]
        assert isinstance(found, dict), steps
        node = found
    return node


def _nullable(node: JsonValue) -> JsonValue:
    """OpenAPI 3.0's `nullable` in the words of JSON schema."""
    if isinstance(node, list):
        return [_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _nullable(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable") is True and isinstance(kept.get("type"), str):
        kept["type"] = [kept["type"], "null"]
        if isinstance(choices := kept.get("enum"), list):
            kept["enum"] = [*choices, None]
    return kept
