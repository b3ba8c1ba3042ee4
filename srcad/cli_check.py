"""`srcad check` and `srcad bench`: they import the file and run the function."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srcad.cli_common import (
    ARGS,
    BACKEND,
    FILE,
    PARALLEL,
    WRT,
    ExitCode,
    arguments,
    configured,
    import_function,
    outcomes,
    running,
    say,
)
from srcad.config import UsageError

if TYPE_CHECKING:
    from srcad.specialise import Ready


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
            wish = backend or configured(file) or "auto"
            try:
                srcad.check_grads(plain, positional, order, argnums=argnums, rtol=rtol, atol=atol, backend=wish)
            except AssertionError as error:
                say(str(error))
                raise typer.Exit(ExitCode.CHANGED) from None
        print(f"{file}: forward and reverse derivatives agree with finite differences")


def bench(file: FILE, args: ARGS, wrt: WRT = "", backend: BACKEND = "", parallel: PARALLEL = False) -> None:
    """Time the function and its gradient. Imports FILE, which runs it."""
    with outcomes():
        import srcad

        function, module = import_function(file)
        positional, named = arguments(args, module)
        argnums = _names(wrt) or _decorated(function) or 0
        plain = getattr(function, "__wrapped__", function)
        _bound(plain, positional, named)
        wish = backend or configured(file) or "auto"
        both = srcad.value_and_grad(plain, argnums, backend=wish, parallel=parallel)
        with running(), _empty_cache():
            start = time.perf_counter()
            both(*positional, **named)
            first = time.perf_counter() - start
            rows = _rows(both, plain, positional, named, first)
        _show(file, rows)


def _rows(
    both: Any, plain: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any], first: float
) -> list[tuple[str, str]]:
    from srcad.gradients import scalar_seed

    primal = both.ready((), args, named).again()
    primal.run()
    gradient = both.ready(("reverse",), args, named).again()
    seed = scalar_seed(gradient, "srcad bench")
    gradient.run(*seed)
    python = best(lambda: plain(*args, **named))
    value, adjoint = best(primal.run), best(lambda: gradient.run(*seed))
    plan = gradient.kernel.plan
    return [
        ("backend", plan.backend + (f" ({plan.warning})" if plan.warning else "")),
        ("function in Python", _duration(python)),
        ("function, generated", _duration(value)),
        ("value and gradient", _duration(adjoint)),
        ("gradient / function", f"{adjoint / value:.2f}"),
        ("a call from Python", _duration(best(lambda: both(*args, **named)))),
        ("recorded", f"{recorded_bytes(gradient.interpreted(), seed)} bytes"),
        *([("other arrays", f"{other_bytes(gradient)} bytes")] if plan.backend == "numba" else []),
        ("generate and compile", _duration(max(first - adjoint, 0.0))),
        *(("notes", note) for note in plan.notes),
    ]


@contextlib.contextmanager
def _empty_cache() -> Iterator[None]:
    """A cache folder of its own, so that the time of the first call is that of generating and compiling."""
    before = os.environ.get("SRCAD_CACHE_DIR")
    with tempfile.TemporaryDirectory(prefix="srcad-bench-") as folder:
        os.environ["SRCAD_CACHE_DIR"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["SRCAD_CACHE_DIR"]
            else:
                os.environ["SRCAD_CACHE_DIR"] = before


def recorded_bytes(ready: Ready, seed: tuple[Any, ...]) -> int:
    """Bytes that the forward sweep leaves to the reverse sweep besides the program's own variables.

    ready: the call on the NumPy backend, whose text is run once more and stopped where its reverse sweep begins.
    """
    from srcad import leaves, working
    from srcad.program import REVERSE

    plan, found = ready.kernel.plan, []
    space: dict[str, Any] = {"_recorded": lambda names: found.append(working.held(names))}
    exec(plan.text.replace(f"# {REVERSE}", "_recorded(locals())"), space)
    space[plan.entry](*leaves.snapshot(ready.inputs), *seed)
    return sum(found)


def other_bytes(ready: Ready) -> int:
    """Bytes of the arrays that a call of compiled text makes besides its records: copies, adjoints and temporaries."""
    from srcad import working

    plan = ready.kernel.plan
    inputs = {name: value for (_, _, name), value in zip(plan.inputs, ready.inputs, strict=True)}
    found = working.allocated(plan.text, plan.entry, inputs)
    return sum(size for name, size in found.items() if not working.is_record(name))


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


def _bound(function: Any, args: tuple[Any, ...], named: dict[str, Any]) -> inspect.BoundArguments:
    signature = inspect.signature(function)
    try:
        return signature.bind(*args, **named)
    except TypeError as error:
        raise UsageError(f"--args: {function.__name__}{signature}: {error}") from None


def _positional(
    function: Any, args: tuple[Any, ...], named: dict[str, Any]
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function and its arguments by position; what can only be named is fixed.

    Raises:
        UsageError: they are not the function's arguments.
    """
    plain = getattr(function, "__wrapped__", function)
    bound = _bound(plain, args, named)
    return (functools.partial(plain, **bound.kwargs) if bound.kwargs else plain), bound.args
