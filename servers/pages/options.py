"""The settings of a server as its page tells them: name, default, what they mean, and what a product has to allow."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pkgutil import iter_modules
from types import ModuleType
from typing import get_args

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from servers.kit.settings import BackendSettings


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting."""

    name: str
    """As the environment names it."""
    default: str
    about: str
    secret: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The settings of one package: a server's own, or those of one product behind it."""

    package: str
    needs: Mapping[str, str]
    """Least privilege by product; the product has no name where there is only one."""
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A product that can stand behind a server."""

    name: str
    setting: str
    """The setting that chooses it."""
    about: str
    simulated: bool
    """Whether tests meet a stand-in, held to what its vendor publishes, instead of the product."""


def products_of(server: str) -> tuple[Product, ...]:
    """The products that the setting `backend` of a server chooses from."""
    if find_spec(f"servers.{server}.settings") is None:
        return ()
    found = []
    for owner in _classes(import_module(f"servers.{server}.settings")):
        if (field := owner.model_fields.get("backend")) is not None:
            setting = f"{owner.model_config.get('env_prefix', '')}backend".upper()
            names = [name for name in _words(field.annotation) if name != "embedded"]
            found += [_product(server, name, setting) for name in names]
    return tuple(found)


def _product(server: str, name: str, setting: str) -> Product:
    place = f"servers.{server}.{name}"
    if find_spec(place) is None:
        return Product(name, setting, "", simulated=False)
    module = import_module(place)
    parts = [part.name for part in iter_modules(getattr(module, "__path__", []))]
    return Product(name, setting, _first_paragraph(module), any(part.startswith("simulator") for part in parts))


def _words(annotation: object) -> Iterator[str]:
    """The words of the Literal types within an annotation."""
    for each in get_args(annotation):
        if isinstance(each, str):
            yield each
        else:
            yield from _words(each)


def _first_paragraph(module: ModuleType) -> str:
    return " ".join((inspect.getdoc(module) or "").partition("\n\n")[0].split())


def groups_of(server: str) -> tuple[Group, ...]:
    """The settings of a server, then those of each product behind it. None for a server without any."""
    home = import_module(f"servers.{server}")
    parts = sorted(part.name for part in iter_modules(home.__path__) if part.ispkg)
    found = (_group(name) for name in (f"servers.{server}", *(f"servers.{server}.{part}" for part in parts)))
    return tuple(group for group in found if group is not None)


def group_of(owner: type[BaseSettings]) -> Group:
    """The settings of one class, with the least privilege that its module names."""
    module = import_module(owner.__module__)
    return Group(owner.__module__.partition(".")[0], _needs(module), tuple(_settings(owner)))


def _group(package: str) -> Group | None:
    if find_spec(f"{package}.settings") is None:
        return None
    module = import_module(f"{package}.settings")
    settings = [setting for each in _classes(module) for setting in _settings(each)]
    return Group(package.removeprefix("servers."), _needs(module), tuple(settings))


def _needs(module: ModuleType) -> dict[str, str]:
    declared = getattr(module, "NEEDS", "")
    if isinstance(declared, dict):
        return {str(product): str(text) for product, text in declared.items()}
    return {"": str(declared)} if declared else {}


def _classes(module: ModuleType) -> Iterator[type[BaseSettings]]:
    for value in vars(module).values():
        if inspect.isclass(value) and issubclass(value, BaseSettings) and value.__module__ == module.__name__:
            yield value


def _settings(owner: type[BaseSettings]) -> Iterator[Setting]:
    prefix, docs, opened = owner.model_config.get("env_prefix", ""), field_docs(owner), _opened(owner)
    for name, field in owner.model_fields.items():
        default = field.get_default(call_default_factory=True, validated_data={})
        secret = "SecretStr" in str(field.annotation)
        about = " ".join(part for part in (docs.get(name, ""), opened.get(name, "")) if part)
        yield Setting(f"{prefix}{name}".upper(), _shown(default), about, secret)


def _opened(owner: type[BaseSettings]) -> dict[str, str]:
    """By field which tools there are only with it."""
    declared = owner.opens if issubclass(owner, BackendSettings) else {}
    found: dict[str, dict[str, None]] = {}
    for fields in declared.values():
        for name, tools in fields.items():
            found.setdefault(name, {}).update(dict.fromkeys(tools))
    return {name: f"Without it no {', '.join(tools)}." for name, tools in found.items()}


def _shown(default: object) -> str:
    return "" if default is None or isinstance(default, SecretStr) else str(default)


def field_docs(owner: type[BaseSettings]) -> dict[str, str]:
    """What stands under each field of a class and of those it is made from, on one line."""
    docs: dict[str, str] = {}
    for each in reversed(owner.__mro__):
        if issubclass(each, BaseSettings) and each is not BaseSettings:
            docs |= _written(each)
    return docs


def _written(owner: type) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    docs: dict[str, str] = {}
    for field, below in pairwise(body):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            docs[field.target.id] = " ".join(str(below.value.value).split())
    return docs
