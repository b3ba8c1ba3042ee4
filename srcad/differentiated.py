"""`@differentiate`: the function itself, with its derivatives and their source at hand."""

from __future__ import annotations

import functools
import inspect
import re
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from srcad import api, cache
from srcad.binding import binder, unwrap
from srcad.derived import Derived
from srcad.generate import BACKENDS, Settings
from srcad.kernel import Kernel as Compiled
from srcad.specialise import Ready, specialiser

if TYPE_CHECKING:
    from srcad import ir

_KINDS = ("grad", "value_and_grad", "jacfwd", "jacrev", "jacobian", "hessian")


class Differentiated:
    """A function that knows its derivatives. Calling it runs the function untouched.

    `grad`, `value_and_grad`, `vjp`, `jvp`, `jacfwd`, `jacrev`, `jacobian`, `hessian`, `hvp` and `vmap` are those of
    `srcad` with the decorator's settings; they take the function's own arguments (`vjp` and `vmap` as in `srcad`).
    """

    __wrapped__: Callable[..., Any]
    __name__: str
    __qualname__: str

    def __init__(
        self,
        function: Callable[..., Any],
        argnums: Any,
        has_aux: bool,
        backend: str,
        mode: str,
        parallel: bool = False,
    ) -> None:
        functools.update_wrapper(self, function)
        self.argnums, self.has_aux, self.backend, self.mode = argnums, has_aux, backend, mode
        self.parallel = parallel
        self._gradient = "grad" if mode == "reverse" else "jacfwd"
        self._owner: tuple[Any, ...] = ()  # the object, for a method of one
        self._shared: dict[Any, Any] = {}  # derivatives made so far, and the last kernel; one for all objects

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__wrapped__(*self._owner, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<differentiated {self.__qualname__}>"

    def __get__(self, owner: Any, cls: type | None = None) -> Differentiated:
        """As a method: the object is the first argument, and positions in `argnums` count after it."""
        if isinstance(self.__wrapped__, types.FunctionType):
            if owner is None:
                return self
            bound = object.__new__(type(self))
            bound.__dict__.update(self.__dict__)
            bound._owner = (owner,)
            return bound
        function = self.__wrapped__.__get__(owner, cls)  # type: ignore[attr-defined]
        return Differentiated(function, self.argnums, self.has_aux, self.backend, self.mode, self.parallel)

    def __reduce__(self) -> Any:
        """By reference, as functions are pickled."""
        if self._owner:
            return getattr, (self._owner[0], self.__name__)
        return self.__qualname__

    # ---- derivatives ----

    def grad(self, *args: Any, **kwargs: Any) -> Any:
        """The gradient at these arguments. See `srcad.grad`."""
        return self._derivative(self._gradient, args, kwargs)

    def value_and_grad(self, *args: Any, **kwargs: Any) -> Any:
        """``(value, gradient)`` at these arguments. See `srcad.value_and_grad`."""
        return self._derivative("value_and_grad", args, kwargs)

    def jacfwd(self, *args: Any, **kwargs: Any) -> Any:
        """The Jacobian at these arguments, in forward mode. See `srcad.jacfwd`."""
        return self._derivative("jacfwd", args, kwargs)

    def jacrev(self, *args: Any, **kwargs: Any) -> Any:
        """The Jacobian at these arguments, in reverse mode. See `srcad.jacrev`."""
        return self._derivative("jacrev", args, kwargs)

    def jacobian(self, *args: Any, **kwargs: Any) -> Any:
        """The Jacobian at these arguments. See `srcad.jacobian`."""
        return self._derivative("jacobian", args, kwargs)

    def hessian(self, *args: Any, **kwargs: Any) -> Any:
        """The Hessian at these arguments. See `srcad.hessian`."""
        return self._derivative("hessian", args, kwargs)

    def vjp(self, *primals: Any, **options: Any) -> tuple[Any, ...]:
        """``(out, pull)``. See `srcad.vjp`."""
        own = {"has_aux": self.has_aux, "backend": self.backend, "parallel": self.parallel, **options}
        return api.vjp(self._called, *primals, **own)

    def jvp(self, primals: Any, tangents: Any, **options: Any) -> tuple[Any, ...]:
        """``(out, out_dot)``. See `srcad.jvp`."""
        own = {"has_aux": self.has_aux, "backend": self.backend, "parallel": self.parallel, **options}
        return api.jvp(self._called, primals, tangents, **own)

    def hvp(self, primals: Any, tangents: Any, **options: Any) -> Any:
        """The product of the Hessian with tangents. See `srcad.hvp`."""
        return api.hvp(
            self._called, primals, tangents, **{"backend": self.backend, "parallel": self.parallel, **options}
        )

    def vmap(self, in_axes: Any = 0, out_axes: Any = 0) -> Derived:
        """The function over a batch. See `srcad.vmap`."""
        return api.vmap(self._called, in_axes, out_axes, backend=self.backend, parallel=self.parallel)

    def warmup(self, *args: Any, **kwargs: Any) -> None:
        """Generate and compile for arguments like these, so that the first real call does not wait."""
        self._derivative("value_and_grad", args, kwargs)

    @property
    def _called(self) -> Callable[..., Any]:
        return types.MethodType(self.__wrapped__, *self._owner) if self._owner else self.__wrapped__

    def _derivative(self, kind: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        derived = self._shared.get((kind, self.backend, len(self._owner))) or self._derived(kind)
        self._shared["last"] = derived
        return derived(*self._owner, *args, **kwargs)

    def derivation(self, kind: str) -> Derived | None:
        """What ``self.<kind>`` computes, as a function of its own; None if it is no derivative. For the compiler."""
        if kind == "grad" and self.mode != "reverse":
            kind = "jacfwd"
        return self._derived(kind) if kind in _KINDS and not self._owner else None

    def _derived(self, kind: str, backend: str | None = None) -> Derived:
        backend = backend or self.backend
        mark = kind, backend, len(self._owner)
        if mark not in self._shared:
            make = getattr(api, kind)
            own = {"backend": backend, "parallel": self.parallel}
            self._shared[mark] = make(self.__wrapped__, self._shifted(), self.has_aux, **own)
        return self._shared[mark]

    def _shifted(self) -> Any:
        """`argnums` with positions counted from the object on."""

        def shift(argnum: Any) -> Any:
            return argnum + len(self._owner) if isinstance(argnum, int) and argnum >= 0 else argnum

        return tuple(map(shift, self.argnums)) if isinstance(self.argnums, (tuple, list)) else shift(self.argnums)

    # ---- source ----

    @property
    def source(self) -> str:
        """The generated module for the types of the last call.

        Raises:
            ValueError: no derivative has been computed yet.
        """
        return self._last()[1].plan.text

    def source_for(self, *args: Any, backend: str | None = None, **kwargs: Any) -> str:
        """The generated module for arguments of these types; nothing is run.

        Args:
            backend: instead of the decorator's.
        """
        return self._ready(args, kwargs, backend).kernel.plan.text

    def save(self, path: str | Path, *args: Any, backend: str = "numpy", **kwargs: Any) -> Path:
        """Write the generated module to a file that runs without srcad's compiler.

        Args:
            path: the file to write.
            *args: arguments whose types decide; without any, those of the last call.
            backend: "numpy", "numba" or "cupy".

        Raises:
            ValueError: no arguments are given and no derivative has been computed yet.
        """
        if args or kwargs:
            ready = self._ready(args, kwargs, backend)
        else:
            settings, last = self._last()
            own = specialiser(binder(self.__wrapped__), replace(settings, backend=backend))
            ready = own.prepare(last.example)
        target = Path(path)
        cache.write(target, _standalone(ready).encode("utf-8"), private=False)
        return target

    def _last(self) -> tuple[Settings, Compiled]:
        derived = self._shared.get("last")
        if derived is None or derived.last is None:
            raise ValueError(f"call {self.__name__}.grad first, or use {self.__name__}.source_for(*args)")
        return derived.last  # type: ignore[no-any-return]

    def _ready(self, args: tuple[Any, ...], kwargs: dict[str, Any], backend: str | None) -> Ready:
        return self._derived(self._gradient, backend).ready((self.mode,), (*self._owner, *args), kwargs)

    def _repr_html_(self) -> str:
        """In a notebook: the function, and beside it the generated module for the last call's types."""
        from srcad import html

        generated = self.source if "last" in self._shared else ""
        function = unwrap(self.__wrapped__)[0]
        return html.side_by_side(inspect.getsource(function), generated, function.__code__.co_firstlineno)


def _standalone(ready: Ready) -> str:
    """The module of a live call, with the wrapper that it needs."""
    from srcad import ir
    from srcad.abstract import describe
    from srcad.standalone import Kernel, standalone

    plan, call = ready.kernel.plan, ready.call
    for origin, path, value in plan.baked:
        if origin == "layout" and value == "apart" and plan.backend == "numba":
            raise ValueError(f"{path[0]} is not in C order, which compiled code cannot tell: save with backend='numpy'")
    kinds = {"VAR_POSITIONAL": "star", "VAR_KEYWORD": "starstar", "KEYWORD_ONLY": "keyword"}
    parameters = tuple(
        ir.Param(p.name, kinds.get(p.kind.name, "positional"), _literal(p.default))
        for p in call.binder.inner.parameters.values()
    )
    return standalone(
        Kernel(
            text=plan.text,
            entry=plan.entry,
            name=call.binder.name,
            inputs=plan.inputs,
            wrt=plan.wrt,
            roots=ready.specialiser.settings.wrt,
            output=plan.output,
            parameters=parameters,
            types={name: describe(value, name) for name, value in call.arguments.items()},
            read=functools.partial(call.read, target=ready.kernel.target),
            baked=plan.baked,
        )
    )


def _literal(value: Any) -> ir.Expr | None:
    from srcad import ir

    if isinstance(value, tuple):
        items = [_literal(item) for item in value]
        return ir.Tuple(tuple(item for item in items if item is not None)) if None not in items else None
    return ir.Const(value) if isinstance(value, (int, float, complex, bool, str, type(None))) else None


@overload
def differentiate(function: Callable[..., Any], /) -> Differentiated: ...


@overload
def differentiate(
    *, argnums: Any = 0, has_aux: bool = False, backend: str = "auto", mode: str = "reverse", parallel: bool = False
) -> Callable[[Callable[..., Any]], Differentiated]: ...


def differentiate(
    function: Callable[..., Any] | None = None,
    /,
    *,
    argnums: Any = 0,
    has_aux: bool = False,
    backend: str = "auto",
    mode: str = "reverse",
    parallel: bool = False,
) -> Any:
    """Give a function its derivatives: ``@differentiate`` or ``@differentiate(argnums=("w", "b"))``.

    Args:
        argnums: as for `srcad.grad`; the first argument unless stated.
        has_aux: whether the function returns ``(value, aux)``.
        backend: "numpy", "numba", "cupy" or "auto".
        mode: "reverse", or "forward" for functions of few inputs: `grad` then runs in forward mode.
        parallel: as for `srcad.grad`.

    Raises:
        TypeError, ValueError: a setting that does not exist.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend={backend!r}: choose one of {', '.join(BACKENDS)}")
    if mode not in ("reverse", "forward"):
        raise ValueError(f'mode={mode!r}: choose "reverse" or "forward"')

    def decorate(f: Callable[..., Any]) -> Differentiated:
        if not (callable(f) or isinstance(f, (staticmethod, classmethod))):
            raise TypeError(f"@differentiate decorates functions, not {re.sub(' at 0x[0-9a-f]+', '', repr(f))}")
        return Differentiated(f, argnums, has_aux, backend, mode, parallel)

    return decorate if function is None else decorate(function)
