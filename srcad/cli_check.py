"""`srcad check` and `srcad bench`: they import the file and run the function."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from srcad.cli_common import ARGS, BACKEND, FILE, WRT, ExitCode, arguments, import_function, outcomes, running, say
from srcad.config import UsageError


def check(
    file: FILE,
    args: ARGS,
    wrt: WRT = "",
    backend: BACKEND = "",
    order: Annotated[int, typer.Option(min=1, help="Up to which order.")] = 1,
    rtol: Annotated[float | None, typer.Option(help="Relative tolerance.")] = None,
    atol: Annotated[float | None, typer.Option(help="Absolute tolerance.")] = None,
) -> None:
    """Compare derivatives with finite differences. Imports FILE, which runs it."""
    with outcomes():
        import srcad

        function, module = import_function(file)
        with running():
            plain, positional = _positional(function, *arguments(args, module))
            argnums = _names(wrt) or _decorated(function)
            wish = backend or "auto"
            try:
                srcad.check_grads(plain, positional, order, argnums=argnums, rtol=rtol, atol=atol, backend=wish)
            except AssertionError as error:
                say(str(error))
                raise typer.Exit(ExitCode.CHANGED) from None
        print(f"{file}: forward and reverse derivatives agree with finite differences")


def bench(file: FILE, args: ARGS, wrt: WRT = "", backend: BACKEND = "") -> None:
    """Time the function and its gradient. Imports FILE, which runs it."""
    with outcomes():
        import srcad

        function, module = import_function(file)
        positional, named = arguments(args, module)
        argnums = _names(wrt) or _decorated(function) or 0
        plain = getattr(function, "__wrapped__", function)
        both = srcad.value_and_grad(plain, argnums, backend=backend or "auto")
        with running():
            start = time.perf_counter()
            both(*positional, **named)
            first = time.perf_counter() - start
            primal = both.ready((), positional, named)
            primal.run()
            rows = _rows(both, plain, primal.run, positional, named, first)
        _show(file, rows)


def _rows(
    both: Any, plain: Callable[..., Any], primal: Any, args: tuple[Any, ...], named: dict[str, Any], first: float
) -> list[tuple[str, str]]:
    assert both.last is not None
    python = best(lambda: plain(*args, **named))
    value = best(primal)
    gradient = best(lambda: both(*args, **named))
    plan = both.ready(("reverse",), args, named).kernel.plan
    return [
        ("backend", plan.backend + (f" ({plan.warning})" if plan.warning else "")),
        ("function in Python", _duration(python)),
        ("function, generated", _duration(value)),
        ("value and gradient", _duration(gradient)),
        ("gradient / function", f"{gradient / value:.2f}"),
        ("first call", _duration(first)),
        *(("notes", note) for note in plan.notes),
    ]


def best(call: Callable[[], Any], budget: float = 0.5) -> float:
    """Seconds of the fastest of several runs that take about `budget` seconds together."""
    times: list[float] = []
    end = time.perf_counter() + budget
    while not times or (time.perf_counter() < end and len(times) < 10_000):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def _duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _show(title: str, rows: list[tuple[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, show_header=False)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _names(wrt: str) -> tuple[str, ...] | None:
    return tuple(name.strip() for name in wrt.split(",") if name.strip()) or None


def _decorated(function: Any) -> Any:
    """The `argnums` of ``@differentiate``, if the function has it."""
    return getattr(function, "argnums", None)


def _positional(
    function: Any, args: tuple[Any, ...], named: dict[str, Any]
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function and its arguments by position; what can only be named is fixed.

    Raises:
        UsageError: they are not the function's arguments.
    """
    plain = getattr(function, "__wrapped__", function)
    signature = inspect.signature(plain)
    try:
        bound = signature.bind(*args, **named)
    except TypeError as error:
        raise UsageError(f"--args: {plain.__name__}{signature}: {error}") from None
    return (functools.partial(plain, **bound.kwargs) if bound.kwargs else plain), bound.args
