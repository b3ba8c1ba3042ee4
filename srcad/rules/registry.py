"""How a derivative rule is stated, kept and found.

A rule is a plain function. Its positional parameters are the primal's, in the primal's order; parameters after ``*``
are the primal's that must be given by name, and the values a derivative is made of: ``out`` (the primal's value),
``out_bar`` (its adjoint), ``<arg>_dot`` (a tangent), ``i`` (the position in a sequence). What a rule does not name, a
call may not use.
"""

from __future__ import annotations

import dis
import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from srcad import ir, library
from srcad.rules.supports import Support, Supported

F = TypeVar("F", bound=Callable[..., Any])
Primal = Callable[..., Any] | str
Domain = tuple[Any, ...]


@dataclass(frozen=True)
class Example:
    """One set of arguments a rule is tested at."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)


def at(*args: Any, **kwargs: Any) -> Example:
    return Example(args, kwargs)


@dataclass(frozen=True)
class RuleSet:
    """All that is known about the derivative of one function.

    params: positional parameters, in order; star: the one that takes the rest of them (``*operands``); keywords:
    parameters given by name only; defaults: of both; renames: second names of parameters.
    wrt: the differentiable parameters; inert: parameters the value depends on only through a shape, an order or a
    sign, whose derivative is zero. An active argument in neither has no derivative here.
    partials, pullback and pushforward are rules as described above:

    - partials(args, out) -> the partial per `wrt` parameter (one value, or a tuple). With complex numbers the partial
      p is d(out)/d(arg) where the function is holomorphic, and du/dx - i du/dy where its value u is real. Reverse
      multiplies by p and takes the real part for a real argument; forward does so for a real value.
    - pullback(args, out, out_bar) -> the adjoint per `wrt` parameter. It broadcasts against the argument: it may lack
      axes (or have extent 1), and may have axes that broadcasting added, which reverse sums. For a function with
      several values `out` and `out_bar` are tuples, and the adjoint of a value that nothing reads is None.
    - pushforward(args, out, tangents) -> the tangent. The tangent of an inactive argument is zero: the constant 0.0,
      and whatever is linear in it vanishes.

    linear_in: parameters the function is jointly linear in: its tangent is the function itself of their tangents
    (zeros for an inactive one). multilinear_in: parameters it is linear in one at a time: its tangent is the sum, over
    the active ones, of the function with that one replaced by its tangent.
    each: the parameter that holds a sequence; the pullback takes `i` and returns the adjoint of item i, a linear
    function maps every item, a multilinear one one item at a time.
    outputs: of several values, those that can be differentiated (empty: all).
    constant: every derivative is zero. fixed: only that of constants is, and what to do with others.
    refusal: why there is none, and what to do: of parts of derivatives that hold too little to be differentiated once
    more.
    same_as: the path of a function that this one is another name of.
    expansion: a plain function of the same arguments, exact to the bit, to inline in place of the call.
    forms: (keywords, function): a plain function to inline where one of these keywords is given; it calls the function
    itself without them.
    kinds: "f" real, "c" complex numbers. domain, examples, kinks: where the rule is tested.
    """

    path: str
    primal: Primal
    params: tuple[str, ...] = ()
    star: str | None = None
    keywords: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    renames: Mapping[str, str] = field(default_factory=dict)
    wrt: tuple[str, ...] = ()
    inert: tuple[str, ...] = ()
    partials: Callable[..., Any] | None = None
    pullback: Callable[..., Any] | None = None
    pushforward: Callable[..., Any] | None = None
    linear_in: tuple[str, ...] = ()
    multilinear_in: tuple[str, ...] = ()
    each: str | None = None
    outputs: tuple[int, ...] = ()
    constant: bool = False
    fixed: str = ""
    refusal: tuple[str, str] | None = None
    same_as: str = ""
    expansion: Callable[..., Any] | None = None
    forms: tuple[tuple[frozenset[str], Callable[..., Any]], ...] = ()
    kinds: str = "f"
    shapes: str | None = None
    domain: Domain | None = None
    kinks: Mapping[Any, Any] = field(default_factory=dict)
    examples: Callable[[Any], list[Example]] | None = None
    notes: str = ""

    @property
    def modes(self) -> tuple[str, ...]:
        """Which of "reverse" and "forward" the rule supports."""
        if self.refusal:
            return ()
        if self.constant or self.partials or self.expansion or self.same_as:
            return ("reverse", "forward")
        forward = ("forward",) if self.pushforward or self.linear_in or self.multilinear_in else ()
        return (("reverse",) if self.pullback else ()) + forward

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The given arguments and the defaults by name, in the rule's order. Raises TypeError as Python would."""
        if self.constant and not self.params:
            return {}
        if len(args) > len(self.params) and not self.star:
            raise TypeError(f"{self.path}: no derivative with more than {len(self.params)} positional arguments")
        given = dict(zip(self.params, args, strict=False))
        for spelt, value in kwargs.items():
            if spelt == ir.OF:
                continue
            name = self.renames.get(spelt, spelt)
            if name in given:
                raise TypeError(f"{self.path}: argument {name!r} is given twice")
            if name not in self.params + self.keywords:
                raise TypeError(f"{self.path}: no derivative with the argument {name!r}")
            given[name] = value
        missing = [n for n in self.params + self.keywords if n not in given and n not in self.defaults]
        if missing:
            raise TypeError(f"{self.path}: argument {missing[0]!r} is missing")
        bound = {n: given.get(n, self.defaults.get(n)) for n in self.params + self.keywords}
        return {**bound, self.star: args[len(self.params) :]} if self.star else bound


# ---- the words that state rules ----


def elementwise(
    *primals: Primal,
    domain: Any = None,
    kinks: Mapping[Any, Any] | None = None,
    wrt: tuple[str, ...] | None = None,
    inert: tuple[str, ...] = (),
    kinds: str = "f",
    support: Support | None = None,
    notes: str = "",
) -> Callable[[F], F]:
    """State the partial derivatives of a function that works element by element.

    domain: (low, high) of test points, or one such pair per argument. kinks: point -> partials there. support: outside
    of which they are all zero.
    """

    def register(rule: F) -> F:
        facts = _signature(rule, wrt)
        pairs = _domain(domain, len(facts["params"]) - len(facts["defaults"]))
        for f in primals:
            new = {"inert": inert, "kinds": kinds, "domain": pairs, "kinks": kinks or {}, "notes": notes}
            _add(f, rule.__module__, partials=Supported(rule, support) if support else rule, **new, **facts)
        return rule

    return register


def pullback(
    *primals: Primal,
    shapes: str | None = None,
    wrt: tuple[str, ...] | None = None,
    inert: tuple[str, ...] = (),
    each: str | None = None,
    outputs: tuple[int, ...] = (),
    examples: Callable[[Any], list[Example]] | None = None,
    kinds: str = "f",
    notes: str = "",
) -> Callable[[F], F]:
    """State how the adjoint of a function's value becomes the adjoints of its arguments.

    wrt: the differentiable parameters (default: those of the pushforward, else the first ones, as many as the rule
    returns adjoints). shapes: for readers.
    """

    def register(rule: F) -> F:
        facts = _signature(rule, (each,) if each else wrt)
        facts["wrt"] = facts["wrt"] if wrt or each else ()
        for f in primals:
            new = {
                "shapes": shapes,
                "inert": inert,
                "each": each,
                "outputs": outputs,
                "examples": examples,
                "kinds": kinds,
                "notes": notes,
            }
            _add(f, rule.__module__, pullback=rule, **new, **facts)
        return rule

    return register


def pushforward(*primals: Primal, wrt: tuple[str, ...] | None = None) -> Callable[[F], F]:
    """State the tangent of a function's value in terms of ``<arg>_dot``."""

    def register(rule: F) -> F:
        facts = _signature(rule, wrt)
        for f in primals:
            _add(f, rule.__module__, pushforward=rule, **facts)
        return rule

    return register


def linear(*primals: Primal, in_: str) -> None:
    """Declare a function linear in its parameters `in_` ("a", or "x, y"): its tangent is the function itself."""
    module = _caller()
    names = tuple(name.strip() for name in in_.split(","))
    for f in primals:
        _add(f, module, linear_in=names, wrt=names)


def multilinear(*primals: Primal, in_: str) -> None:
    """Declare a function linear in each of its parameters `in_` ("a, b") while the others stay, as a product is."""
    module = _caller()
    names = tuple(name.strip() for name in in_.split(","))
    for f in primals:
        _add(f, module, multilinear_in=names, wrt=names)


def constant(*primals: Primal) -> None:
    """Declare that every derivative of these functions is zero."""
    module = _caller()
    for f in primals:
        _add(f, module, constant=True)


def refused(*primals: Primal, reason: str, hint: str) -> None:
    """Declare functions that have no derivative: ``cannot differentiate {reason}``."""
    module = _caller()
    for f in primals:
        names = tuple(inspect.signature(f).parameters)  # type: ignore[arg-type]
        _add(f, module, params=names, wrt=names, refusal=(reason, hint))


def fixed(*primals: Primal, hint: str) -> None:
    """Declare that functions of constants are constants, and that they have no derivative by any argument."""
    module = _caller()
    for f in primals:
        _add(f, module, constant=True, fixed=hint)


def same(primal: Primal, other: Primal, **names: str) -> None:
    """Declare a second name of a function: calls are those of `other`. names: of parameters that it calls otherwise."""
    other_path = other if isinstance(other, str) else path_of(other)
    old = find(other_path, own=True)
    assert old is not None, f"{other_path} has no rule yet"
    path = primal if isinstance(primal, str) else path_of(primal)
    _TABLE[path] = RuleSet(
        path, primal, old.params, kinds=old.kinds, wrt=old.wrt, same_as=other_path, notes=old.notes, renames=names
    )


def rename(primal: Primal, **names: str) -> None:
    """Declare second names of a function's parameters: ``rename(np.clip, min="a_min")``."""
    _add(primal, _caller(), renames=names)


def expansion(
    *primals: Primal,
    wrt: tuple[str, ...] | None = None,
    examples: Callable[[Any], list[Example]] | None = None,
    kinds: str = "f",
    notes: str = "",
) -> Callable[[F], F]:
    """State a function in terms of simpler ones; it is inlined in place of the call."""

    def register(rule: F) -> F:
        facts = _signature(rule, wrt)
        for f in primals:
            _add(f, rule.__module__, expansion=rule, examples=examples, kinds=kinds, notes=notes, **facts)
        return rule

    return register


def form(primal: Primal, given: str) -> Callable[[F], F]:
    """State what a function does where one of the keywords `given` ("prepend append") is given, in terms of itself."""

    def register(rule: F) -> F:
        path = primal if isinstance(primal, str) else path_of(primal)
        old = _TABLE.get(path) or RuleSet(path, primal)
        _TABLE[path] = replace(old, forms=(*old.forms, (frozenset(given.split()), rule)))
        return rule

    return register


# ---- keeping ----

_TABLE: dict[str, RuleSet] = {}  # srcad's own rules, by path
_USER: dict[str | int, RuleSet] = {}  # rules registered by users: by path for library functions, else by identity
_LIBRARIES = {"builtins", "cmath", "math", "numpy", "operator", "random", "scipy", "srcad_runtime"}


def _add(primal: Primal, module: str, **facts: Any) -> None:
    """Merge new facts into the rule set of `primal`: pullback and pushforward are stated one after the other."""
    path = primal if isinstance(primal, str) else path_of(primal)
    key = _key(primal)
    own = module.startswith("srcad.rules.")
    old = (_TABLE.get(path) if own else _USER.get(key)) or RuleSet(path if own else _unique(path, key), primal)
    given = {name: value for name, value in facts.items() if value}
    for name in ("params", "star", "keywords"):
        given[name] = getattr(old, name) or given.get(name, ())
    given["defaults"] = {**given.get("defaults", {}), **old.defaults}
    new = replace(old, **given)
    if own:
        _TABLE[path] = new
    else:
        _USER[key] = new
        made = sys.modules.get("srcad.specialise")
        if made is not None:  # what was generated before does not know the new rule
            made.forget()


def _unique(path: str, key: str | int) -> str:
    """The path, told apart from that of another function of the same name, as nested ones have it."""
    taken = {rule.path for rule in _USER.values()} if isinstance(key, int) else set()
    found, k = path, 1
    while found in taken:
        k += 1
        found = f"{path}#{k}"
    return found


def _key(primal: Primal) -> str | int:
    path = primal if isinstance(primal, str) else path_of(primal)
    return path if path.split(".")[0] in _LIBRARIES else id(primal)


def _caller() -> str:
    """The module that calls `linear` or `constant`."""
    return str(sys._getframe(2).f_globals.get("__name__", ""))


def _signature(rule: Callable[..., Any], wrt: tuple[str, ...] | None) -> dict[str, Any]:
    """The primal's part of a rule's signature."""
    parameters = {n: p for n, p in inspect.signature(rule).parameters.items() if not _is_derivative(n)}
    by_name = tuple(n for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY)
    star = next((n for n, p in parameters.items() if p.kind is p.VAR_POSITIONAL), None)
    params = tuple(n for n in parameters if n not in by_name and n != star)
    defaults = {n: p.default for n, p in parameters.items() if p.default is not p.empty}
    dots = tuple(n[:-4] for n in inspect.signature(rule).parameters if n.endswith("_dot"))
    active = wrt or dots or tuple(n for n in params if n not in defaults) or params[:1]
    return {"params": params, "star": star, "keywords": by_name, "defaults": defaults, "wrt": active}


def _is_derivative(name: str) -> bool:
    return name in ("out", "out_bar", "i") or name.endswith("_dot")


def _domain(domain: Any, count: int) -> Domain | None:
    """One (low, high) pair per argument."""
    if domain is None or isinstance(domain[0], tuple):
        return domain
    return (domain,) * count


# ---- finding ----


def path_of(obj: Any) -> str:
    """The public dotted path of a library function (``numpy.linalg.inv``); module and name of any other callable."""
    path = library.path_of(obj)
    if path is None:
        name = getattr(obj, "__qualname__", None) or type(obj).__qualname__
        path = f"{getattr(obj, '__module__', '')}.{name}"
    return path


def find(path: str, own: bool) -> RuleSet | None:
    """The rule at `path` in srcad's own table, or in the users'."""
    return _complete(_TABLE.get(path) if own else _USER.get(path))


def find_object(obj: Any) -> RuleSet | None:
    """The rule a user registered for this very object."""
    return _complete(_USER.get(_key(obj)))


def table() -> dict[str, RuleSet]:
    """srcad's own rules loaded so far, by path."""
    return {path: rule for path in sorted(_TABLE) if (rule := find(path, own=True))}


def _complete(rule: RuleSet | None) -> RuleSet | None:
    if rule is None or rule.wrt:
        return rule
    count = _returned(rule.pullback) if rule.pullback is not None else 1
    return replace(rule, wrt=rule.params[:count])


@functools.cache
def _returned(rule: Callable[..., Any]) -> int:
    """How many adjoints a pullback returns: ``return out_bar @ b.T, a.T @ out_bar`` is two."""
    code = getattr(rule, "__code__", None)
    steps = list(dis.get_instructions(code)) if code is not None else []
    pairs = zip(steps, steps[1:])
    tuples = [a.arg for a, b in pairs if a.opname == "BUILD_TUPLE" and b.opname == "RETURN_VALUE"]
    return max([1, *(count for count in tuples if count is not None)])
