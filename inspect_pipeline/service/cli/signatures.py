"""Verbs whose options are made from a list: the command line reads a function's signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from inspect import Parameter
from typing import Any

Verb = Callable[..., None]


def option(name: str, annotation: object, default: object = None) -> Parameter:
    """One option of a verb; `annotation` is Annotated[type, typer.Option(...)]."""
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def with_options(verb: Verb, options: Iterable[Parameter], *, instead_of: str) -> Verb:
    """The verb with these options; it gets them all in one mapping, its parameter `instead_of`."""
    made = tuple(options)
    own = inspect.signature(verb, eval_str=True).parameters.values()
    kept = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in own if one.name != instead_of]

    @wraps(verb)
    def called(**given: Any) -> None:
        gathered = {one.name: given.pop(one.name, one.default) for one in made}
        verb(**given, **{instead_of: gathered})

    called.__signature__ = inspect.Signature([*kept, *made])  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in (*kept, *made)}
    del called.__wrapped__  # its annotations are no longer the verb's
    return called
