"""What tokens cost: a table in a file. A model that is not in it has no price, which is not the same as free."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import yaml
from pydantic import Field, ValidationError

from agent.brain.endpoint.errors import ModelUnfitError
from agent.brain.endpoint.protocol import Endpoint
from agent.models import Model, Usage

_MILLION: Final = 1_000_000


class Price(Model):
    """What a million tokens cost."""

    models: tuple[str, ...] = Field(min_length=1)
    """Patterns of model names."""
    host: str = "*"
    """Pattern of the endpoint's host."""
    input: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)
    """Of input that the endpoint had seen before; None: as any other."""
    output: float = Field(ge=0)

    def of(self, usage: Usage) -> float:
        """Price of that usage."""
        cached = self.input if self.cached is None else self.cached
        fresh = usage.input_tokens - usage.cached_tokens
        whole = fresh * self.input + usage.cached_tokens * cached + usage.output_tokens * self.output
        return round(whole / _MILLION, 8)


class Table(Model):
    """A price file."""

    currency: str = "USD"
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class Prices:
    """Price tables, the first that knows a model first."""

    tables: tuple[Table, ...]

    def of(self, endpoint: Endpoint) -> Price | None:
        """What tokens of the model behind `endpoint` cost; None when no table knows it there."""
        model, host = endpoint.name.removeprefix("model:"), urlsplit(endpoint.shown).hostname or ""
        for table in self.tables:
            for price in table.prices:
                if fnmatchcase(host, price.host) and any(fnmatchcase(model, pattern) for pattern in price.models):
                    return price
        return None


def load_prices(path: Path | None = None) -> Prices:
    """The table of `path`, where one is given, before the table that is shipped.

    Raises: ModelUnfitError when the file cannot be read: money is not guessed."""
    shipped = _table((files("agent.brain.endpoint") / "prices.yaml").read_text("utf-8"), "prices.yaml")
    if path is None:
        return Prices((shipped,))
    try:
        text = path.expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnfitError(f"MCPSOC_MODEL_PRICES cannot be read: {type(error).__name__}: {path}") from error
    return Prices((_table(text, str(path)), shipped))


def _table(text: str, name: str) -> Table:
    try:
        return Table.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        raise ModelUnfitError(f"the price table {name} is no YAML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ModelUnfitError(f"the price table {name}: {place}: {first['msg']}") from error
