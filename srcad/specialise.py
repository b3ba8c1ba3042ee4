"""From a call to the kernel that answers it: by the arguments' key, from the cache folder, or newly generated."""

from __future__ import annotations

import copy
import functools
import threading
import warnings
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from srcad import background, compile, generate, leaves, recovery
from srcad.binding import Binder
from srcad.errors import PYTHON_ERRORS, PerformanceWarning, Undefined, Unsupported
from srcad.generate import Call, Settings
from srcad.kernel import Kernel

_building = threading.RLock()
_tables: dict[Any, dict[Any, list[Kernel]]] = {}
holders: weakref.WeakSet[Any] = weakref.WeakSet()  # what keeps short ways to kernels, in `shortcuts`
MISS = object()  # the answer of a short way that does not fit a call
_warned: set[tuple[Any, str]] = set()


@dataclass(frozen=True, eq=False)
class Specialiser:
    """The kernels of one function for one kind of derivative; `table` maps the arguments' key to them.

    Functions made again and again by one ``def`` or lambda share a table: captured values are read at every call.
    """

    binder: Binder
    settings: Settings
    table: dict[Any, list[Kernel]]

    def prepare(self, values: tuple[Any, ...]) -> Ready:
        """The kernel for these values of the function's parameters, and its arguments.

        Raises:
            Unsupported, TypeError: as the compiler finds.
            ValueError: the model writes an argument that shares memory with another.
        """
        flat: list[Any] = []
        key = tuple([leaves.key(value, flat) for value in values])
        call = Call(self.binder, values, flat)
        found = self._known(key, call)
        if found is None:
            with _building:
                found = self._known(key, call) or self._new(key, call)
        kernel, inputs = found
        if kernel.strangers:
            self._refuse_overlap(kernel, inputs)
        return Ready(self, call, key, kernel, [kernel.canonical(value) for value in inputs])

    def _known(self, key: Any, call: Call) -> tuple[Kernel, list[Any]] | None:
        for kernel in self.table.get(key, ()):
            inputs = kernel.accept(functools.partial(call.read, target=kernel.target), call.flat)
            if inputs is not None:
                return kernel, inputs
        return None

    def _new(self, key: Any, call: Call) -> tuple[Kernel, list[Any]]:
        """Find the kernel in the cache folder or generate it; under "auto", for NumPy where Numba's cannot be made."""
        generate.check_arguments(call, self.settings)
        found = generate.stored(call, self.settings) or self._generated(call)
        self.keep(key, found[0])
        return found

    def _generated(self, call: Call) -> tuple[Kernel, list[Any]]:
        wish = generate.wished_backend(self.settings.backend, call.flat)
        try:
            return generate.generated(call, self.settings, wish)
        except (Undefined, *PYTHON_ERRORS) as error:
            original = recovery.original_error(call)
            if original is None:
                raise
            raise original from error  # the program is wrong by itself: Python's words
        except Unsupported as error:
            if self.settings.backend != "auto" or wish != "numba":
                raise
            why = recovery.reason(error)
        return generate.generated(call, self.settings, "numpy", why)

    def keep(self, key: Any, kernel: Kernel) -> None:
        if kernel.plan.warning:
            self._warn(kernel.plan.warning)
        # a kernel made for certain extents is the better one where they are such
        self.table[key] = sorted([kernel, *self.table.get(key, ())], key=lambda kernel: not kernel.plan.alike)

    def demote(self, key: Any, call: Call, kernel: Kernel, reason: str) -> tuple[Kernel, list[Any]]:
        """Answer from now on with NumPy what Numba cannot compile."""
        with _building:
            self.table[key] = [k for k in self.table.get(key, ()) if k is not kernel]
            found = generate.generated(call, self.settings, "numpy", reason)
            self.keep(key, found[0])
        return found

    def _warn(self, reason: str) -> None:
        mark = (self.binder.function.__code__, reason)
        if mark not in _warned:
            _warned.add(mark)
            text = f"{self.binder.name} runs as plain NumPy: {reason}"
            warnings.warn(text, PerformanceWarning, stacklevel=recovery.user_level())

    def _refuse_overlap(self, kernel: Kernel, inputs: list[Any]) -> None:
        clash = kernel.overlap(inputs)
        if clash:
            raise ValueError(f"{self.binder.name} {clash}; pass a copy of one of them")


@dataclass(eq=False)
class Ready:
    """A kernel with the arguments of one call; `run` adds seeds and tangents."""

    specialiser: Specialiser
    call: Call
    key: Any
    kernel: Kernel
    inputs: list[Any]
    updated: bool = False  # whether the attributes that the model rebinds have their new values

    @property
    def stateful(self) -> bool:
        """Whether a run changes something besides its results: a random generator, an attribute."""
        return bool(self.kernel.plan.updates) or any(map(leaves.is_generator, self.inputs))

    def again(self) -> Ready:
        """The same call for a further run that must leave no trace; to be asked for before `run`."""
        if not self.stateful:
            return self
        inputs = [copy.deepcopy(value) if leaves.is_generator(value) else value for value in self.inputs]
        return Ready(self.specialiser, self.call, self.key, self.kernel, inputs, updated=True)

    def run(self, *extra: Any) -> tuple[Any, ...]:
        """Call the kernel. An exception is the one that the function itself raises on these arguments."""
        kernel = self.kernel
        compiled = kernel.plan.backend == "numba"
        states = [(g.bit_generator, g.bit_generator.state) for g in self.inputs if leaves.draws(g)] if compiled else ()
        try:
            if not kernel.warm:
                if self._answers_meanwhile(extra):
                    return self.interpreted().run(*extra)
                compile.warm(kernel.compiled, (*self.inputs, *extra))
                kernel.warm = True
            results = as_tuple(kernel.compiled.call(*self.inputs, *extra))
            if kernel.plan.fragile and compiled and not recovery.finite(results):
                _rewind(states)
                self.interpreted().run(*extra)  # raises what Python raises: a domain error, a division by zero
            return self._update(results) if kernel.plan.updates else results
        except compile.CannotCompile as error:
            return self._without_numba(error, extra)
        except Exception as error:
            _rewind(states)
            return recovery.recover(error, self, extra)

    def _answers_meanwhile(self, extra: tuple[Any, ...]) -> bool:
        """Whether a thread compiles the kernel, and NumPy is to answer: not where a run changes more than its results,
        which have one order."""
        if not background.is_asked_for() or self.stateful:
            return False
        self.interpreted()  # made before Numba takes the processor
        return background.is_compiling(self.kernel, (*self.inputs, *extra))

    def attempt(self) -> tuple[Any, ...] | None:
        """What the kernel returns; None where something else has to answer, or to explain itself.

        Raises:
            Unsupported: Numba cannot compile it.
        """
        kernel = self.kernel
        if self.stateful:
            return None
        try:
            if not kernel.warm:
                compile.warm(kernel.compiled, tuple(self.inputs))
                kernel.warm = True
            results = as_tuple(kernel.compiled.call(*self.inputs))
        except compile.CannotCompile as error:
            raise recovery.refusal(error) from error
        except Exception:
            return None
        outputs = results[: len(kernel.outputs)]
        checked = kernel.plan.fragile and kernel.plan.backend == "numba"
        return None if checked and not recovery.finite(outputs) else results

    def _without_numba(self, error: compile.CannotCompile, extra: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.specialiser.settings.backend != "auto":
            raise recovery.refusal(error) from error
        reason = recovery.reason(error)
        self.kernel, inputs = self.specialiser.demote(self.key, self.call, self.kernel, reason)
        self.inputs = [self.kernel.canonical(value) for value in inputs]
        return self.run(*extra)

    def _update(self, results: tuple[Any, ...]) -> tuple[Any, ...]:
        """Rebind attributes as the model does, once per call; returns the other results."""
        places = self.kernel.plan.updates
        start = len(results) - len(places)
        if not self.updated:
            self.updated = True
            for (origin, path), value in zip(places, results[start:]):
                owner = self.call.read(origin, path[:-1], self.kernel.target)
                setattr(owner, path[-1], _like_before(value, getattr(owner, path[-1], None)))
        return results[:start]

    def interpreted(self) -> Ready:
        """The same call for the NumPy text."""
        own = self.specialiser
        other = specialiser(own.binder, replace(own.settings, backend="numpy"))
        return other.prepare(self.call.values)


def _like_before(value: Any, before: Any) -> Any:
    """A new value of an attribute: Python's number where one was there, which the two backends return otherwise."""
    if type(before) in (int, float, bool, complex) and np.ndim(value) == 0:
        return value.item() if isinstance(value, (np.ndarray, np.generic)) else value
    return value


def _rewind(states: Sequence[tuple[Any, Any]]) -> None:
    """Random generators as they were before the run: what runs instead draws the same numbers."""
    for generator, state in states:
        generator.state = state


def as_tuple(results: Any) -> tuple[Any, ...]:
    """What a kernel returns: a kernel with one result returns it bare."""
    return results if type(results) is tuple else (results,)


def forget() -> None:
    """Make nothing of what was generated so far count any more; the cache folder knows better."""
    for table in _tables.values():
        table.clear()
    for holder in holders:
        holder.shortcuts.clear()
        holder.uses.clear()


def specialiser(binder: Binder, settings: Settings) -> Specialiser:
    """The specialiser of a function; its kernels are kept for the life of the process."""
    function = binder.function
    place = (function.__code__, id(function.__globals__), settings)
    return Specialiser(binder, settings, _tables.setdefault(place, {}))
