"""The check of shapes and types that every annotated call of ours runs under in the tests, made fast.

jaxtyping's import hook puts `jaxtyping.jaxtyped` on every function of a package. That decorator binds the signature
anew and checks all arguments twice on each call, which costs a quarter of the model five times its own arithmetic.
`checked` stands in its place: beartype checks each argument and each result once, names of axes mean the same size
within one call, as before, and only where a function speaks of arrays at all.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from typing import Any, get_args, get_type_hints
from unittest.mock import patch

import jaxtyping
from beartype import beartype
from jaxtyping import AbstractArray, install_import_hook, jaxtyped


def check_packages(names: Sequence[str]) -> None:
    """Check the calls of these packages from now on; they must not have been imported yet."""
    patch.object(jaxtyping, "jaxtyped", checked).start()  # what the code that the hook writes asks for, by this name
    install_import_hook(names, "beartype.beartype")


def checked(function: Any = None, *, typechecker: Any = None) -> Any:
    """A function, method or dataclass whose calls are checked."""
    if function is None:
        return functools.partial(checked, typechecker=typechecker)
    if inspect.isclass(function):
        if is_dataclass(function) and "__init__" in vars(function):
            function.__init__ = checked(function.__init__)
        return function
    if not inspect.isfunction(function) or inspect.isgeneratorfunction(function):
        return jaxtyped(function, typechecker=typechecker)
    hints = {name: resolved(hint, function.__globals__) for name, hint in function.__annotations__.items()}
    function.__annotations__ = hints
    typed: Callable[..., Any] = beartype(function)
    if not any(map(speaks_of_arrays, hints.values())):
        return typed

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with jaxtyped("context"):
            return typed(*args, **kwargs)

    return call


def resolved(hint: Any, names: dict[str, Any]) -> Any:
    """What an annotation in quotes stands for; anything, where that is known to the type checker only."""

    def bearer() -> None: ...

    bearer.__annotations__ = {"it": hint}
    try:
        return get_type_hints(bearer, names, include_extras=True)["it"]
    except NameError:
        return Any


def speaks_of_arrays(hint: Any) -> bool:
    """Whether an array with named axes is part of the annotation."""
    if isinstance(hint, type) and issubclass(hint, AbstractArray):
        return True
    return any(map(speaks_of_arrays, get_args(hint)))
