"""The peers: each turns a program and its arguments into a call that computes the value and the gradients.

Every import is inside the peer that needs it: what is not installed is a dash in the table, not an error.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import importlib.util
import inspect
import os
import shutil
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.case import Case


class Missing(Exception):
    """The peer is not installed, or the program is not written for it."""


@dataclass(frozen=True)
class Prepared:
    """`call()` computes value and gradients and waits for them; `arrays(result)` makes NumPy of what it returns.

    compiling: seconds that were spent on compilation before the first call.
    """

    call: Callable[[], Any]
    arrays: Callable[[Any], tuple[np.ndarray, ...]]
    compiling: float = 0.0


def written(package: str, theme: str, name: str) -> Callable[..., Any]:
    """The version of a program in benchmarks.<package>.<theme>. Raises Missing."""
    where = f"benchmarks.{package}.{theme}"
    try:
        module = importlib.import_module(where)
    except ModuleNotFoundError as error:
        raise Missing(f"{error.name} is not there") from error
    if not hasattr(module, name):
        raise Missing(f"{where} has no {name}")
    return getattr(module, name)


def _flat(result: Any) -> tuple[np.ndarray, ...]:
    """(value, gradient or gradients), or (value, gradient, ...), as a tuple of arrays."""
    value, *rest = result
    if len(rest) == 1 and isinstance(rest[0], tuple | list):
        rest = list(rest[0])
    return tuple(np.asarray(part, dtype=np.float64) for part in (value, *rest))


def _own(args: tuple[Any, ...]) -> list[Any]:
    return [a.copy() if isinstance(a, np.ndarray) else a for a in args]


def by_hand(case: Case, args: tuple[Any, ...]) -> Prepared:
    fn, own = written("by_hand", case.theme, case.name), _own(args)
    return Prepared(lambda: fn(*own), _flat)


def primal(case: Case, args: tuple[Any, ...]) -> Prepared:
    """The denominator: hand-written loops compiled by Numba, or the program itself compiled as it stands."""
    try:
        fn = written("by_hand", case.theme, case.name + "_primal")
        own = _own(args)
        return Prepared(lambda: fn(*own), lambda value: (np.asarray(value),))
    except Missing:
        plain = compiled(case.fn)
    return Prepared(lambda: plain(*_own(args)), lambda value: (np.asarray(value),))


def compiled(fn: Callable[..., Any]) -> Any:
    """The function compiled by Numba, and the benchmark functions that it calls."""
    import numba

    free = _rebound(fn, compiled)
    free.__globals__[fn.__name__] = dispatcher = numba.njit(error_model="numpy")(free)  # for recursion
    return dispatcher


def _rebound(fn: Callable[..., Any], change: Callable[[Any], Any], **names: Any) -> types.FunctionType:
    """A copy of `fn` that sees `names`, and `change(f)` for every benchmark function f that it calls."""
    scope = dict(fn.__globals__) | names
    for name in fn.__code__.co_names:
        value = scope.get(name)
        if isinstance(value, types.FunctionType) and value.__module__.startswith("benchmarks.") and value is not fn:
            scope[name] = change(value)
    return types.FunctionType(fn.__code__, scope, fn.__name__, fn.__defaults__, fn.__closure__)


def has_primal(case: Case) -> bool:
    """Whether the denominator is hand-written."""
    try:
        written("by_hand", case.theme, case.name + "_primal")
    except Missing:
        return False
    return True


def _srcad(backend: str) -> Callable[[Case, tuple[Any, ...]], Prepared]:
    def prepare(case: Case, args: tuple[Any, ...]) -> Prepared:
        try:
            import srcad
        except ModuleNotFoundError as error:
            raise Missing("srcad is not installed") from error
        threads = len(os.sched_getaffinity(0)) > 1
        fn, own = srcad.value_and_grad(case.fn, case.wrt, backend=backend, parallel=threads), _own(args)
        return Prepared(lambda: fn(*own), _flat)

    return prepare


def _jax(package: str) -> Callable[[Case, tuple[Any, ...]], Prepared]:
    def prepare(case: Case, args: tuple[Any, ...]) -> Prepared:
        try:
            import jax
        except ModuleNotFoundError as error:
            raise Missing("jax is not installed") from error
        jax.config.update("jax_enable_x64", True)
        fn = written(package, case.theme, case.name)
        fixed = tuple(i for i, a in enumerate(args) if isinstance(a, bool | int))
        gradient = jax.jit(jax.value_and_grad(fn, case.wrt), static_argnums=fixed)
        own = [a if i in fixed else jax.numpy.asarray(a) for i, a in enumerate(args)]
        return Prepared(lambda: jax.block_until_ready(gradient(*own)), _flat)

    return prepare


def _torch(compile_: bool) -> Callable[[Case, tuple[Any, ...]], Prepared]:
    def prepare(case: Case, args: tuple[Any, ...]) -> Prepared:
        try:
            import torch
        except ModuleNotFoundError as error:
            raise Missing("torch is not installed") from error
        torch.set_num_threads(len(os.sched_getaffinity(0)))
        fn = written("torch_eager", case.theme, case.name)
        fn = torch.compile(fn) if compile_ else fn
        own = [torch.from_numpy(a.copy()) if isinstance(a, np.ndarray) else a for a in args]
        for position in case.wrt:
            own[position] = torch.as_tensor(own[position], dtype=torch.float64).requires_grad_()
        inputs = [own[position] for position in case.wrt]

        def call() -> Any:
            value = fn(*own)
            return value.detach(), torch.autograd.grad(value, inputs)

        return Prepared(call, _flat)

    return prepare


def autograd(case: Case, args: tuple[Any, ...]) -> Prepared:
    """The program itself with autograd's numpy: it works where nothing is written in place."""
    try:
        import autograd
        import autograd.numpy
    except ModuleNotFoundError as error:
        raise Missing("autograd is not installed") from error

    def taped(fn: Callable[..., Any]) -> Callable[..., Any]:
        return _rebound(fn, taped, np=autograd.numpy)

    fn = taped(case.fn)

    def packed(active: tuple[Any, ...]) -> Any:
        own = _own(args)
        for position, value in zip(case.wrt, active):
            own[position] = value
        return fn(*own)

    gradient = autograd.value_and_grad(packed)
    active = tuple(args[position] for position in case.wrt)
    return Prepared(lambda: gradient(active), _flat)


def casadi(case: Case, args: tuple[Any, ...]) -> Prepared:
    """CasADi's reverse mode, written out as C and compiled."""
    try:
        import casadi as ca
    except ModuleNotFoundError as error:
        raise Missing("casadi is not installed") from error
    fn, own = written("casadi_fold", case.theme, case.name), [a for a in args]
    for position in case.wrt:
        own[position] = ca.MX.sym(f"x{position}", *np.shape(args[position]))
    active = [own[position] for position in case.wrt]
    value = fn(*own)
    compiled_as = {"jit": True, "compiler": "shell", "jit_options": {"flags": "-O3 -march=native"}}
    begin = time.perf_counter()
    with _in_a_folder():  # that is where it writes and compiles
        gradients = [ca.gradient(value, x) for x in active]
        both = ca.Function("both", active, [value, *gradients], compiled_as)
    spent = time.perf_counter() - begin
    inputs = [ca.DM(args[position]) for position in case.wrt]

    def arrays(result: Any) -> tuple[np.ndarray, ...]:
        shapes = [(), *(np.shape(args[position]) for position in case.wrt)]
        return tuple(np.asarray(part, dtype=np.float64).reshape(shape) for part, shape in zip(result, shapes))

    return Prepared(lambda: both.call(inputs), arrays, spent)


def dace(case: Case, args: tuple[Any, ...]) -> Prepared:
    """DaCe's reverse mode with everything stored, which it says is the fastest. Arguments are written: copies."""
    try:
        import dace as dc
        from dace.autodiff import add_backward_pass
    except ModuleNotFoundError as error:
        raise Missing(f"{error.name} is not installed") from error
    fn = written("dace_ad", case.theme, case.name)
    names = list(inspect.signature(case.fn).parameters)
    active = [names[position] for position in case.wrt]
    begin = time.perf_counter()
    with _in_a_folder():
        graph = dc.program(fn).to_sdfg()
        add_backward_pass(graph, outputs=["result"], inputs=active)
        compiled_graph = graph.compile()
    spent = time.perf_counter() - begin
    given = dict(zip(names, args)) | {"result": np.zeros(1)}
    arrays = {name: part for name, part in given.items() if isinstance(part, np.ndarray)}
    fixed = {name: part for name, part in given.items() if name not in arrays}
    fixed |= {str(d): n for name, part in arrays.items() for d, n in zip(graph.arrays[name].shape, part.shape)}
    fixed = {name: value for name, value in fixed.items() if name in graph.arglist()}

    def call() -> Any:
        own = {name: part.copy() for name, part in arrays.items()}
        adjoints = {f"gradient_{name}": np.zeros_like(own[name]) for name in active}
        compiled_graph(**own, **adjoints, **fixed, gradient_result=np.ones(1))
        return own["result"][0], *adjoints.values()

    return Prepared(call, _flat, spent)


@contextlib.contextmanager
def _in_a_folder() -> Iterator[None]:
    """In a folder of its own that stays until the process ends: what is compiled there is in use."""
    before, folder = os.getcwd(), tempfile.mkdtemp(prefix="benchmark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


PEERS: dict[str, Callable[[Case, tuple[Any, ...]], Prepared]] = {
    "primal": primal,
    "srcad": _srcad("numba"),
    "by hand": by_hand,
    "JAX expert": _jax("jax_expert"),
    "JAX beginner": _jax("jax_beginner"),
    "torch": _torch(False),
    "torch compiled": _torch(True),
    "autograd": autograd,
    "DaCe": dace,
    "CasADi": casadi,
    "srcad NumPy": _srcad("numpy"),
}
DEFAULT = tuple(peer for peer in PEERS if peer != "srcad NumPy")


@functools.cache
def versions() -> dict[str, str]:
    """The versions of what is installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for package in ("numpy", "numba", "scipy", "jax", "torch", "autograd", "dace", "casadi"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            pass
    if importlib.util.find_spec("srcad"):
        found["srcad"] = importlib.import_module("srcad").__version__
    return found
