"""How a call's arguments reach the parameters of the function that is differentiated.

`inspect.Signature.bind` takes 9 microseconds; a function generated once, ``def loss(w, x, y=1.0): return (w, x, y)``,
lets Python do the same work in 0.1, with Python's own messages.
"""

from __future__ import annotations

import collections
import difflib
import functools
import inspect
import re
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from srcad.defined import State, state, unchanged

Argnums: TypeAlias = int | str | tuple[int | str, ...]
_LRU_CACHE = type(functools.lru_cache(lambda: None))


@dataclass(frozen=True, eq=False)
class Binder:
    """How `called` is called, and what that says about the plain function below it.

    function: the plain Python function below methods, partials, dispatchers and callable objects. names: the
    parameters a caller sees. bind: from a call to one value per parameter of `function`, in order. parameters: those
    parameters. first: how many positional parameters of `function` are filled before the caller's.
    """

    called: Callable[..., Any]
    function: types.FunctionType
    signature: inspect.Signature
    inner: inspect.Signature
    bind: Callable[..., tuple[Any, ...]]
    first: int
    shortcuts: dict[Any, Any] = field(default_factory=dict, repr=False)  # of `products`: short ways, by kind of call
    uses: dict[Any, int] = field(default_factory=dict, repr=False)
    declined: dict[Any, set[Any]] = field(default_factory=dict, repr=False)  # calls that other texts answer

    @functools.cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters of `function`."""
        return tuple(self.inner.parameters)

    @property
    def name(self) -> str:
        return getattr(self.called, "__name__", self.function.__name__)

    def invoke(self, values: tuple[Any, ...]) -> Any:
        """Call the function itself with one value per parameter."""
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for p, value in zip(self.inner.parameters.values(), values, strict=True):
            if p.kind is p.VAR_POSITIONAL:
                args.extend(value)
            elif p.kind is p.VAR_KEYWORD:
                kwargs.update(value)
            elif p.kind is p.KEYWORD_ONLY:
                kwargs[p.name] = value
            else:
                args.append(value)
        return self.function(*args, **kwargs)

    def root(self, argnum: int | str, count: int) -> tuple[Any, ...]:
        """Where an argument asked for lies: (parameter of `function`,), or (its ``*args``, position).

        count: how many positional arguments the call has; a negative `argnum` counts from there.

        Raises:
            TypeError: there is no such argument.
        """
        if isinstance(argnum, str):
            return self._named(argnum)
        if isinstance(argnum, bool) or not hasattr(argnum, "__index__"):
            raise TypeError(f"argnums takes positions and parameter names, not {argnum!r}")
        position = argnum.__index__() + (count if argnum < 0 else 0)
        found = _positional(self.inner, self.first + position) if position >= 0 else None
        if found is None:
            many = f"{count} positional argument{'s' if count != 1 else ''}"
            raise TypeError(
                f"argnums={argnum}: {self.name}{self.signature} has no argument at that position; the call has {many}"
            )
        return found

    def _named(self, name: str) -> tuple[Any, ...]:
        if name in self.inner.parameters:
            return (name,)
        if name in self.signature.parameters:  # below a wrapper that takes *args
            found = _positional(self.inner, self.first + list(self.signature.parameters).index(name))
            if found is not None:
                return found
        extra = next((p.name for p in self.inner.parameters.values() if p.kind is p.VAR_KEYWORD), None)
        if extra is None:
            close = difflib.get_close_matches(name, self.signature.parameters, 1, 0.5)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise TypeError(f"argnums names {name!r}, which is not a parameter of {self.name}{self.signature}{hint}")
        return (extra, name)


def _positional(signature: inspect.Signature, position: int) -> tuple[Any, ...] | None:
    for k, p in enumerate(signature.parameters.values()):
        if p.kind is p.VAR_POSITIONAL:
            return (p.name, position - k)
        if p.kind in (p.KEYWORD_ONLY, p.VAR_KEYWORD):
            return None
        if k == position:
            return (p.name,)
    return None


def sequence(caller: str, **given: Any) -> tuple[Any, ...]:
    """What is given under a name, one entry per argument, as a tuple.

    Raises:
        TypeError: it is no tuple or list; an array would be taken apart.
    """
    ((name, value),) = given.items()
    if not isinstance(value, (tuple, list)):
        kind = type(value).__name__
        raise TypeError(f"{caller}: {name} is a tuple with an entry per argument, not of type {kind}: ({name},)")
    return tuple(value)


_MOST_BINDERS = 64
_binders: collections.OrderedDict[Any, tuple[Any, State, Binder]] = collections.OrderedDict()  # of the last callables


def binder(called: Callable[..., Any]) -> Binder:
    """Look at a callable once; the result serves all its calls.

    Raises:
        TypeError: there is no Python function below it.
    """
    if type(called).__module__ == "srcad.differentiated" and called._owner:  # type: ignore[attr-defined]
        called = called._called  # type: ignore[attr-defined]  # a method, which is another object whenever it is asked for
    own = called.__func__ if isinstance(called, types.MethodType) else called
    place = id(own), id(getattr(called, "__self__", None))
    known = _binders.get(place)  # which keeps alive what its key is made of
    if known is None or known[0] is not type(own).__call__ or not unchanged(known[2].function, known[1]):
        made = _binder(called)
        known = _binders[place] = (type(own).__call__, state(made.function), made)
        if len(_binders) > _MOST_BINDERS:
            _binders.popitem(last=False)
    return known[2]


def _binder(called: Callable[..., Any]) -> Binder:
    function, args, keywords = unwrap(called)
    inner = inspect.signature(function, follow_wrapped=False)
    outer = _visible(called, inner)
    bind = _generate(function, inner)
    if outer is not None:
        bind = _through(_generate(function, outer), outer, bind)
    if isinstance(called, functools.partial):
        bind = _with_keywords(bind, args, unwrap(called.func)[2], called)
    elif args or keywords:
        bind = functools.partial(bind, *args, **keywords)
    return Binder(called, function, _signature(called, inner), inner, bind, len(args))


def _with_keywords(
    bind: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any], called: functools.partial[Any]
) -> Callable[..., Any]:
    """`bind` with what a partial gives; its keywords are a dict that may be changed between two calls."""

    def with_keywords(*rest: Any, **more: Any) -> Any:
        return bind(*args, *rest, **{**keywords, **called.keywords, **more})

    return with_keywords


def unwrap(called: Any) -> tuple[types.FunctionType, tuple[Any, ...], dict[str, Any]]:
    """(plain function, leading arguments, keyword arguments) below what is called."""
    args: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    while not isinstance(called, types.FunctionType):
        if isinstance(called, functools.partial):
            args, keywords, called = called.args + args, {**called.keywords, **keywords}, called.func
        elif isinstance(called, types.MethodType):
            args, called = (called.__self__, *args), called.__func__
        elif isinstance(called, (staticmethod, classmethod)):
            called = called.__func__
        elif type(called).__module__.startswith("srcad.") or isinstance(called, _LRU_CACHE):
            called = called.__wrapped__
        elif hasattr(called, "py_func"):  # a Numba dispatcher
            called = called.py_func
        elif isinstance(inspect.getattr_static(type(called), "__call__", None), types.FunctionType):
            args, called = (called, *args), type(called).__call__
        else:
            if isinstance(called, type):
                raise TypeError(f"{called.__qualname__} is a class: differentiate a function that builds the object")
            name = re.sub(r"^<(?:built-in )?|(?: at 0x\w+)?>$", "", repr(called))
            raise TypeError(f"srcad differentiates Python functions; {name} has no Python source: wrap it in one")
    return called, args, keywords


def _visible(called: Any, inner: inspect.Signature) -> inspect.Signature | None:
    """What a caller of a wrapper made with `functools.wraps` sees, where that differs from the wrapper's own."""
    function, _, _ = unwrap(called)
    if not hasattr(function, "__wrapped__"):
        return None
    try:
        outer = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    return outer if outer != inner else None


def _signature(called: Any, inner: inspect.Signature) -> inspect.Signature:
    try:
        return inspect.signature(called)
    except (TypeError, ValueError):
        return inner


def _generate(function: types.FunctionType, signature: inspect.Signature) -> Callable[..., tuple[Any, ...]]:
    """``def f(a, b=default, *args, c, **kw): return (a, b, args, c, kw)``."""
    space: dict[str, Any] = {}
    head, _ = written(signature, space)
    values = "".join(f"{name}, " for name in signature.parameters)
    exec(f"def bind({head}):\n    return ({values})", space)
    bind = space["bind"]
    bind.__name__, bind.__qualname__ = function.__name__, function.__qualname__
    return bind


def written(signature: inspect.Signature, space: dict[str, Any]) -> tuple[str, str]:
    """A signature as text, and the arguments that hand all its parameters on; defaults are put into `space`."""
    parameters, passed = [], []
    for k, p in enumerate(signature.parameters.values()):
        text = str(p.replace(annotation=p.empty, default=p.empty))
        passed.append(f"{p.name}={p.name}" if p.kind is p.KEYWORD_ONLY else text)
        if p.default is not p.empty:
            space[f"_default_{k}"] = p.default
            text += f"=_default_{k}"
        parameters.append((p, text))
    return parameter_list(parameters), ", ".join(passed)


def parameter_list(parameters: list[tuple[inspect.Parameter, str]]) -> str:
    words: list[str] = []
    starred = False
    for k, (p, text) in enumerate(parameters):
        if p.kind is p.KEYWORD_ONLY and not starred:
            words.append("*")
        starred = starred or p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        words.append(text)
        following = parameters[k + 1][0].kind if k + 1 < len(parameters) else None
        if p.kind is p.POSITIONAL_ONLY and following is not p.POSITIONAL_ONLY:
            words.append("/")
    return ", ".join(words)


def _through(
    outer_bind: Callable[..., tuple[Any, ...]], outer: inspect.Signature, inner_bind: Callable[..., tuple[Any, ...]]
) -> Callable[..., tuple[Any, ...]]:
    """Bind by what the caller sees, then hand that on as the wrapper is called: by position where that is possible."""
    kinds = [(p.name, p.kind) for p in outer.parameters.values()]

    def bind(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        positional: list[Any] = []
        named: dict[str, Any] = {}
        for (name, kind), value in zip(kinds, outer_bind(*args, **kwargs), strict=True):
            if kind is inspect.Parameter.KEYWORD_ONLY:
                named[name] = value
            elif kind is inspect.Parameter.VAR_KEYWORD:
                named.update(value)
            elif kind is inspect.Parameter.VAR_POSITIONAL:
                positional.extend(value)
            else:
                positional.append(value)
        return inner_bind(*positional, **named)

    return bind
