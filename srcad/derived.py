"""The callables that `grad` and its relatives return: a description of a derivative, and how it is computed."""

from __future__ import annotations

import collections
import functools
import linecache
import types
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from srcad import binding, cache
from srcad.defined import State, state, unchanged
from srcad.generate import Settings, asked
from srcad.kernel import Kernel
from srcad.naming import Names
from srcad.specialise import MISS, Ready, holders, specialiser

Runner = Callable[["Derived", tuple[Any, ...], dict[str, Any]], Any]


@dataclass(frozen=True, eq=False)
class Derivation:
    """What a derived callable is: `kind` names the function of srcad that made it, the rest are its arguments."""

    kind: str
    function: Callable[..., Any]
    argnums: Any = 0
    has_aux: bool = False
    backend: str = "auto"
    in_axes: Any = 0
    out_axes: Any = 0
    parallel: bool = False

    def settings(self) -> tuple[Any, ...]:
        """All of it, for comparison."""
        return tuple(getattr(self, f.name) for f in fields(self))

    def call_text(self, module: str = "srcad", function: str = "function") -> str:
        """``srcad.grad(function, argnums=0)``: how this callable is made, for the compiler."""
        if self.kind == "vmap":
            return f"{module}.vmap({function}, in_axes={self.in_axes!r}, out_axes={self.out_axes!r})"
        aux = ", has_aux=True" if self.has_aux else ""
        return f"{module}.{self.kind}({function}, argnums={self.argnums!r}{aux})"


_MOST_SHORTCUTS = 8


class Derived:
    """A derivative as a function: ``grad(f)``, ``hessian(f)``, ``vmap(f)``.

    It has the name, the docstring and the signature of `f`. Used as a method it is bound to the object, as a function
    would be. `__srcad__` describes it; `__wrapped__` is a plain function of the same meaning, whose text is what srcad
    reads when the derivative is itself differentiated.
    """

    def __init__(self, derivation: Derivation, run: Runner) -> None:
        self.__srcad__ = derivation
        self._run = run
        self._prepared: dict[Any, Any] = {}
        self._watched: tuple[types.FunctionType, State] | None = None  # the function that calls are bound for
        self.shortcuts: dict[
            Any, tuple[Any, ...]
        ] = {}  # by the number of arguments and the keywords: (short way, what it answers as)
        self.uses: dict[Any, int] = {}
        self.declined: dict[Any, set[Any]] = {}  # of `directions`: calls whose unit vectors are run one by one
        self.last: tuple[Settings, Kernel] | None = None  # what answered the last call
        function = derivation.function
        if not callable(function):
            raise TypeError(f"srcad.{derivation.kind} takes a function, not {function!r}")
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__qualname__ = getattr(function, "__qualname__", self.__name__)
        self.__doc__ = getattr(function, "__doc__", None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given: tuple[Any, ...] = args
        shape: Any = len(args)
        if kwargs:
            given, shape = (*args, *kwargs.values()), (len(args), *kwargs)
        for short, last in self.shortcuts.get(shape, ()):
            result = short(given)
            if result is not MISS:
                self.last = last
                return result
        if self._watched and not self._is_as_it_was(*self._watched):
            self._begin_again()
        return self._run(self, args, kwargs)

    def shorten(self, args: tuple[Any, ...], kwargs: dict[str, Any], short: Callable[..., Any]) -> None:
        """Try this first from now on for calls with so many arguments and these keywords; it may answer `MISS`."""
        shape = (len(args), *kwargs) if kwargs else len(args)
        self.shortcuts[shape] = ((short, self.last), *self.shortcuts.get(shape, ()))[:_MOST_SHORTCUTS]
        holders.add(self)

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        return self if owner is None else types.MethodType(self, owner)

    def __repr__(self) -> str:
        return f"<srcad.{self.__srcad__.kind} of {self.__qualname__}>"

    def __reduce__(self) -> Any:
        return _again, (self.__srcad__, self._run)

    @functools.cached_property
    def binder(self) -> binding.Binder:
        found = binding.binder(self.__srcad__.function)
        self._watched = found.function, state(found.function)
        return found

    def _is_as_it_was(self, function: types.FunctionType, before: State) -> bool:
        """Whether what is called has the code and the defaults it had, and an object's class the same `__call__`."""
        return unchanged(function, before) and binding.unwrap(self.__srcad__.function)[0] is function

    def _begin_again(self) -> None:
        """The function has another code or other defaults now."""
        for kept in (self._prepared, self.shortcuts, self.uses, self.declined):
            kept.clear()
        self._watched = None
        self.__dict__.pop("binder", None)
        self.__dict__.pop("__wrapped__", None)

    @functools.cached_property
    def __wrapped__(self) -> types.FunctionType:
        return _plain(self)

    def roots(self, count: int) -> tuple[tuple[Any, ...], ...]:
        """Where the arguments asked for lie, for a call with `count` positional arguments."""
        found = self._prepared.get(count)
        if found is None:
            argnums = self.__srcad__.argnums
            wanted = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
            found = self._prepared[count] = tuple(self.binder.root(a, count) for a in wanted)
        return found

    @property
    def single(self) -> bool:
        """Whether one argument is asked for, and so one derivative returned and not a tuple."""
        return not isinstance(self.__srcad__.argnums, (tuple, list))

    def ready(self, modes: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any], backend: str = "") -> Ready:
        """The kernel for this call; `backend` instead of the one asked for."""
        mark = (modes, len(args), backend)
        found = self._prepared.get(mark)
        if found is None:
            made = self.__srcad__
            wrt = self.roots(len(args)) if modes else ()
            settings = Settings(wrt, modes, backend or made.backend, None, made.has_aux, asked(made.parallel))
            found = self._prepared[mark] = specialiser(self.binder, settings)
        ready = found.prepare(self.binder.bind(*args, **kwargs))
        self.last = (found.settings, ready.kernel)
        return ready


def _again(derivation: Derivation, run: Runner) -> Derived:
    return Derived(derivation, run)


_MOST_PLAIN = 64
_plains: collections.OrderedDict[Any, tuple[Any, types.FunctionType]] = collections.OrderedDict()


def _plain(derived: Derived) -> types.FunctionType:
    """``def loss(w, x): return srcad.grad(function, argnums=0)(w, x)``, as a function with a text that can be read.

    Derivatives of one kind of one function share it, and with it what is generated.
    """
    place, alive = _identity(derived)
    known = _plains.get(place)
    if known is None:
        known = _plains[place] = alive, _written_out(derived)
        if len(_plains) > _MOST_PLAIN:
            _plains.popitem(last=False)
    return known[1]


def _identity(own: Any) -> tuple[Any, list[Any]]:
    """What two derivatives of one meaning have in common, and the objects that have to live for it to be true."""
    made = getattr(own, "__srcad__", None)
    if not isinstance(made, Derivation):
        parts = (own, *state(own)) if isinstance(own, types.FunctionType) else (own,)
        return tuple(map(id, parts)), list(parts)
    below, alive = _identity(made.function)
    return (made.call_text(), made.backend, made.parallel, below), alive


def _written_out(derived: Derived) -> types.FunctionType:
    made = derived.__srcad__
    signature = derived.binder.signature
    name = derived.__name__ if derived.__name__.isidentifier() else "derivative"
    names = Names((name, *signature.parameters))
    module, function = names.fresh("srcad"), names.fresh("function")
    values: dict[str, Any] = {}
    head, passed = binding.written(signature, values)
    text = (
        f"def made({', '.join((function, *values))}):\n"
        f"    def {name}({head}):\n"
        f"        return {made.call_text(module, function)}({passed})\n\n"
        f"    return {name}\n"
    )
    plain: types.FunctionType = _maker(text, made.kind, module, _code(made.function))(made.function, *values.values())
    plain.__qualname__ = derived.__qualname__
    return plain


def _code(own: Any) -> Any:
    """What functions have in common that differ in captured values only, which are read at every call."""
    if isinstance(own, types.FunctionType):
        return own.__code__
    made = getattr(own, "__srcad__", None)
    if isinstance(made, Derivation):
        return made.call_text(), made.backend, made.parallel, _code(made.function)
    return id(own), own


@functools.lru_cache(maxsize=256)
def _maker(text: str, kind: str, module: str, code: Any) -> Callable[..., Any]:
    """The function of a text, which makes functions that capture its arguments.

    What is made of one `code` shares a code object, and with it what is generated, as lambdas do that one line makes
    again and again.
    """
    import srcad

    file = f"<srcad {kind} {cache.digest(text)[:12]}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    space: dict[str, Any] = {module: srcad, "__name__": "srcad_derivatives"}
    exec(compile(text, file, "exec"), space)
    return space["made"]  # type: ignore[no-any-return]
