"""What is said about a command line that cannot be read: the parser finds the mistake, the catalogues name it."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from agent.evidence.text import inert
from ui.cli.catalogue import EXTRA, NO_CHOICE, NO_COMMAND, NO_FORMAT, NO_VALUE_TAKEN, VALUE_NEEDED, Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typer._click import Command, Context


class WrongUsageError(typer.BadParameter):
    """A mistake on the command line, in the reader's language; the parser shows it and ends with exit code 2."""

    def format_message(self) -> str:
        return self.message


def root_class(t: Catalogue) -> type[TyperGroup]:
    """The outermost group of commands: whatever is found wrong in any command passes through it."""

    class Root(TyperGroup):
        def make_context(
            self, info_name: str | None, args: list[str], parent: "Context | None" = None, **extra: object
        ) -> "Context":
            try:
                return super().make_context(info_name, args, parent, **extra)
            except parser_errors().UsageError as error:
                raise reworded(t, error) from error

        def invoke(self, ctx: "Context") -> object:
            try:
                return super().invoke(ctx)
            except parser_errors().UsageError as error:
                raise reworded(t, error) from error

    return Root


def word_help(t: Catalogue, command: "Command", names: list[str]) -> None:
    """Give the help option, whose `names` are told, of this command and all below it a text of ours."""
    option = command.get_help_option(typer.Context(command, help_option_names=names))
    if option is not None:
        option.help = t("Show this help and stop.")
    if isinstance(command, TyperGroup):
        for child in command.commands.values():
            word_help(t, child, names)


def parser_errors() -> ModuleType:
    """Where the parser keeps its errors: inside typer or in a package of its own, as typer's version has it."""
    return import_module(typer.BadParameter.__module__)


def reworded(t: Catalogue, error: Exception) -> Exception:
    """`error` in our words, or itself where it is of a kind that has none."""
    text = sentence(t, error)
    return error if text is None else WrongUsageError(text, ctx=getattr(error, "ctx", None))


def sentence(t: Catalogue, error: Exception) -> str | None:
    """What is wrong, in one sentence; None for kinds of mistake that only the parser knows."""
    kinds = parser_errors()
    match error:
        case WrongUsageError() | kinds.NoArgsIsHelpError():
            return None
        case kinds.NoSuchOption(option_name=name, possibilities=near):
            return _no_such_option(t, name, near or ())
        case kinds.MissingParameter(param=param) if param is not None:
            return _missing(t, inert(param.get_error_hint(), None), argument=param.param_type_name == "argument")
        case kinds.BadOptionUsage(option_name=name, message=message):
            return _badly_used(t, inert(name, None), message)
        case kinds.BadParameter():
            return _invalid(t, error)
        case kinds.UsageError(message=message):
            return _plain(t, message)
    return None


def _no_such_option(t: Catalogue, name: str, near: "Iterable[str]") -> str:
    names = ", ".join(sorted(near))
    if names:
        return t("No such option: {name}. Did you mean {names}?", name=inert(name, None), names=names)
    return t("No such option: {name}.", name=inert(name, None))


def _missing(t: Catalogue, name: str, *, argument: bool) -> str:
    return t("Missing argument {name}.", name=name) if argument else t("Missing option {name}.", name=name)


def _badly_used(t: Catalogue, name: str, message: str) -> str | None:
    if VALUE_NEEDED.search(message):
        return t("Option {name} needs a value.", name=name)
    return t("Option {name} takes no value.", name=name) if NO_VALUE_TAKEN.search(message) else None


def _plain(t: Catalogue, message: str) -> str | None:
    """A mistake that the parser tells by its text alone."""
    if found := EXTRA.fullmatch(message):
        return t("More arguments than the command takes: {arguments}", arguments=inert(found["arguments"], None))
    if not (found := NO_COMMAND.fullmatch(message)):
        return None
    name = inert(found["name"], None)
    if names := found["names"]:
        return t("No such command: {name}. Did you mean {names}?", name=name, names=names)
    return t("No such command: {name}.", name=name)


def _invalid(t: Catalogue, error: Exception) -> str:
    """A value that does not fit: which parameter, and why."""
    hint, param = getattr(error, "param_hint", None), getattr(error, "param", None)
    name = hint if isinstance(hint, str) else param.get_error_hint() if param is not None else ""
    reason = _number(t, error) or _listed(t, str(getattr(error, "message", error)))
    if name:
        return t("Invalid value for {name}: {reason}", name=inert(name, None), reason=reason)
    return t("Invalid value: {reason}", reason=reason)


def _number(t: Catalogue, error: Exception) -> str | None:
    """Why a value is not the number that is wanted; None when that is not what is wrong."""
    from pydantic import ValidationError

    if not isinstance(error.__cause__, ValidationError):
        return None
    first = error.__cause__.errors(include_url=False)[0]
    value, limits = inert(repr(first["input"]), None), first.get("ctx", {})
    if first["type"].startswith("int_"):
        return t("{value} is not a whole number", value=value)
    if first["type"] == "greater_than_equal":
        return t("{value} is less than {least}", value=value, least=limits["ge"])
    if first["type"] == "less_than_equal":
        return t("{value} is more than {most}", value=value, most=limits["le"])
    return None


def _listed(t: Catalogue, message: str) -> str:
    """Why a value is none of those that are allowed; the parser's own text when that is not what is wrong."""
    message = inert(message, None)
    if found := NO_CHOICE.fullmatch(message):
        return t("{value} is not one of {choices}", value=found["value"], choices=found["choices"])
    if found := NO_FORMAT.fullmatch(message):
        return t("{value} is not written as one of {formats}", value=found["value"], formats=found["formats"])
    return message
