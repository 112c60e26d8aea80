"""Flags from the fields of `Settings`: one for each, with its docstring as help and its environment variable."""

import dataclasses
import typing
from collections.abc import Callable, Iterable
from typing import Any, Final

import click
import pydantic

from lastgood.api import durations
from lastgood.runtime import settings

PREFIX: Final = "LASTGOOD_"


class Duration(click.ParamType[float]):
    """A duration as Go writes it, given as seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read `15s`; refuses anything else with a sentence."""
        if isinstance(value, int | float):
            return float(value)
        try:
            return durations.parse(str(value)).total_seconds()
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Words(click.types.StringParamType):
    """One value of a list; in an environment variable several are separated by commas or blanks."""

    def split_envvar_value(self, rv: str) -> list[str]:
        """Take a variable apart."""
        return [word for word in rv.replace(",", " ").split() if word]


def of_settings() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a command with a flag for each field."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(list(_options())):
            function = option(function)
        return function

    return decorate


def _options() -> Iterable[Callable[[Callable[..., Any]], Callable[..., Any]]]:
    hints = typing.get_type_hints(settings.Settings, include_extras=True)
    described = vars(settings.Settings)["__pydantic_fields__"]
    for field in dataclasses.fields(settings.Settings):
        several = hints[field.name] == tuple[str, ...]
        text = " ".join((described[field.name].description or "").split())
        yield click.option(
            flag(field.name),
            field.name,
            type=_type(hints[field.name]),
            multiple=several,
            default=None,
            envvar=PREFIX + field.name.upper(),
            show_envvar=True,
            help=text if "Default:" in text else f"{text} Default: {_shown(field, hints[field.name])}.",
        )


def flag(field: str) -> str:
    """Return the flag of a field: with dashes, a list's in the singular."""
    several = typing.get_type_hints(settings.Settings)[field] == tuple[str, ...]
    return "--" + (field.removesuffix("s") if several else field).replace("_", "-")


def _type(hint: Any) -> click.ParamType[Any]:
    if hint == settings.Seconds:
        return Duration()
    if typing.get_origin(hint) is typing.Literal:
        return click.Choice(typing.get_args(hint))
    if hint is int:
        return click.INT
    return Words() if hint == tuple[str, ...] else click.STRING


def _shown(field: "dataclasses.Field[Any]", hint: Any) -> str:
    default = field.default
    if isinstance(default, pydantic.fields.FieldInfo):
        default = default.default
    if isinstance(default, tuple):
        return ", ".join(default)
    if hint == settings.Seconds:
        return f"{default:g}s"
    return str(default) if default not in ("", None) else "none"
