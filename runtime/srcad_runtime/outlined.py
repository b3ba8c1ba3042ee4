"""Kernels that are compiled once, on their own, and called by their address.

Numba copies the code of everything that a function calls into that function and optimises the whole again, so a
gradient made of a few convolutions compiled for minutes. An `outlined` kernel is compiled for its argument types alone,
its machine code is kept in the cache folder, and whatever calls it holds no more than its name. Compiled callers that
come from the disk cache bring the kernels they need before they are loaded (Numba's `reload_init`).

Only code compiled with Numba imports this module.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import functools
import hashlib
import inspect
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite import binding
from numba import types
from numba.core import caching, cgutils
from numba.core.compiler_lock import global_compiler_lock
from numba.core.imputils import impl_ret_new_ref
from numba.extending import intrinsic

from srcad_runtime import _folder, lowering, optimisation
from srcad_runtime.jitting import overload

_KERNELS: dict[str, Any] = {}
_ADDRESSES: dict[str, int] = {}  # what was told to LLVM, by symbol
_working = threading.RLock()
_depth = 0


def outlined(kernel: Callable[..., Any] | None = None, *, parallel: Any = False, layout: Any = "C") -> Any:
    """A kernel as a function that compiled code calls: arrays must be contiguous, options plain numbers or None.

    The kernel must return a new array (or a tuple of them) or a number, never one of its arguments. parallel: Numba's
    option. layout: "A" for a kernel that takes arrays with any strides.
    """
    if kernel is None:
        return functools.partial(outlined, parallel=parallel, layout=layout)
    name = f"{kernel.__module__}.{kernel.__qualname__}"
    # nothing calls it from Python or through a C function pointer
    options: Any = {"error_model": "numpy", "nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled: Any = numba.njit(**options, parallel=parallel, **lowering.OPTIONS)(kernel)
    _KERNELS[name] = compiled

    def define(given):
        loaded = Loaded(kernel.__module__, name, tuple(_plain(kind, layout) for kind in given))
        loaded()
        returned = compiled.overloads[loaded.types].signature.return_type
        return returned(*loaded.types), functools.partial(call_by_symbol, loaded)

    # an intrinsic names its parameters: these are the kernel's
    names = ", ".join(inspect.signature(kernel).parameters)
    scope: dict[str, Any] = {"define": define}
    exec(f"def {kernel.__name__}(typingctx, {names}):\n    return define(({names},))", scope)
    return intrinsic(scope[kernel.__name__])


def call_by_symbol(loaded, context, builder, signature, values):
    """Emit the call of a kernel by its symbol, in Numba's own convention, errors passed on."""
    context.active_code_library._reload_init.add(loaded)
    kind = context.call_conv.get_function_type(signature.return_type, signature.args)
    function = cgutils.get_or_insert_function(builder.module, kind, loaded.symbol)
    status, result = context.call_conv.call_function(builder, function, signature.return_type, signature.args, values)
    with cgutils.if_unlikely(builder, status.is_error):
        context.call_conv.return_status_propagate(builder, status)
    return impl_ret_new_ref(context, builder, signature.return_type, result)


def whole(array: Any) -> Any:
    """An array in one piece, as kernels take it; None stays None."""
    return array if array is None else np.ascontiguousarray(array)


@overload(whole)
def _overload_whole(array):
    if isinstance(array, types.Array):
        if array.layout == "C":
            return lambda array: array
        return lambda array: np.ascontiguousarray(array)
    return lambda array: None


def _plain(kind: Any, layout: Any) -> Any:
    """The type that a kernel is compiled for."""
    if isinstance(kind, types.Omitted):
        kind = numba.typeof(kind.value)
    kind = types.unliteral(kind)
    if isinstance(kind, types.Array):
        return types.Array(kind.dtype, kind.ndim, layout, readonly=not kind.mutable, aligned=kind.aligned)
    return kind


@dataclass(frozen=True)
class Loaded:
    """Calling it compiles or loads a kernel for argument types, and tells LLVM where its code is."""

    module: str
    name: str
    types: tuple[Any, ...]

    @property
    def symbol(self) -> str:
        """What the kernel's code is called by."""
        digest = hashlib.sha256(repr(self.types).encode()).hexdigest()[:16]
        return f"{self.name}.{digest}"

    @property
    def address(self) -> int:
        """Where the code of a kernel that was loaded is."""
        return _ADDRESSES[self.symbol]

    def __call__(self) -> None:
        if self.symbol in _ADDRESSES:
            return
        if self.name not in _KERNELS:
            __import__(self.module)
        kernel = _KERNELS[self.name]
        with global_compiler_lock, _working:  # in the order in which a caller that is being compiled takes them
            _locked(_compile, kernel, self.types)
        result = kernel.overloads[self.types]
        address = result.library.get_pointer_to_function(result.fndesc.llvm_func_name)
        binding.add_symbol(self.symbol, address)
        _ADDRESSES[self.symbol] = address


def _compile(kernel: Any, argument_types: tuple[Any, ...]) -> None:
    if not isinstance(kernel._cache, _KernelCache):
        kernel._cache = _KernelCache(kernel.py_func)
    try:
        with optimisation.quick():
            kernel.compile(argument_types)
    except numba.core.errors.NumbaError:
        raise
    except Exception:
        # a damaged file of machine code fails while it is read, in as many ways as there are damages
        kernel._cache.flush()
        kernel.compile(argument_types)


def _locked(run: Callable[..., Any], *args: Any) -> None:
    """Run with the folder's lock for kernels held, once however deep kernels call each other."""
    global _depth
    _depth += 1
    try:
        if _depth == 1:
            with _folder.lock("kernels"):
                run(*args)
        else:
            run(*args)
    finally:
        _depth -= 1


# ---- where machine code is kept ----


@functools.cache
def _stamp() -> str:
    return _folder.digest(_folder.environment(), _folder.stamp("srcad_runtime"))[:32]


class _Locator:
    """Numba's questions about where a function's machine code lies and how old its source is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ensure_cache_path(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def get_cache_path(self) -> str:
        return str(self.folder)

    def get_source_stamp(self) -> str:
        return _stamp()  # all of the runtime: kernels call each other


class _KernelCacheImpl(caching.CompileResultCacheImpl):
    def __init__(self, kernel: Callable[..., Any]) -> None:
        self._locator = _Locator(_folder.root() / "kernels" / _stamp())
        self._filename_base = f"{kernel.__module__}.{kernel.__qualname__}"


class _KernelCache(caching.FunctionCache):
    _impl_class = _KernelCacheImpl
