"""Programs of the middle, made of the text of a function: run, printed and compared before and after a pass."""

from __future__ import annotations

import copy
import dataclasses
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from srcad import emit, ir, pipeline, scope, types
from srcad.program import REVERSE, Program
from srcad.transforms import alias, inline


def primal(text: str, args: tuple[Any, ...]) -> Program:
    """The program of the function `f` in `text`, for arguments like these."""
    target = scope.from_file(text, "f", "f.py")
    described = tuple(types.describe(a, p.name) for a, p in zip(args, target.parameters, strict=True))
    program, _ = alias.alias(inline.inline(pipeline.Request(target, described, (), ())))
    return program


def swept(text: str, args: tuple[Any, ...]) -> Program:
    """The program of a text as a reverse sweep: its sums are those of adjoints."""
    program = primal(text, args)
    return dataclasses.replace(program, body=(ir.Block(REVERSE, program.body),))


def text_of(program: Program) -> str:
    return emit.module([dataclasses.replace(program.function(), name="f")])


def load(program: Program) -> Callable[..., Any]:
    space: dict[str, Any] = {}
    exec(text_of(program), space)
    found: Callable[..., Any] = space["f"]
    return found


def outcome(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """The results, flat, or the exception."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return flat(function(*copy.deepcopy(args)))
        except Exception as error:
            return error


def flat(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in flat(item)] if isinstance(value, (tuple, list)) else [value]


def close(found: Any, expected: Any, single: bool = False) -> bool:
    a, b = np.asarray(found), np.asarray(expected)
    if a.shape != b.shape or a.ndim and a.dtype != b.dtype:
        return False
    eps = 2e-5 if single else 1e-12
    size = float(np.max(np.abs(b[np.isfinite(b)]), initial=1.0)) if b.dtype.kind in "fc" else 1.0
    return bool(np.allclose(a, b, rtol=eps, atol=eps * size, equal_nan=True))


def same(found: Any, expected: Any, args: Any = ()) -> bool:
    if isinstance(expected, Exception) or isinstance(found, Exception):
        return type(found) is type(expected)
    single = any(np.asarray(x).dtype in (np.float32, np.complex64) for x in (*flat(args), *expected))
    return len(found) == len(expected) and all(close(f, e, single) for f, e in zip(found, expected, strict=True))
