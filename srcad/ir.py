"""The program as data: frozen nodes between the parsed text and the printed text.

Grammar (``*`` repeats, ``?`` optional; nodes marked S exist only between `parse` and `desugar`/`inline`):

    function  = Function(name, param*, stmt*)
    stmt      = Assign(target, value) | Augment(target, op, value) | Store(index, value)
              | For(var, iter, stmt*, stop?) | While(test, stmt*, stop?) | If(test, stmt*, stmt*)
              | Return(value?) | Do(call) | Raise(exc?, cause?) | Assert(test, msg?) | With(items, stmt*)
              | Push(stack, value) | Pop(target, stack) | Block(note, stmt*)
              | Break S | Continue S | Define S | Nonlocal S | Try S | Match S | Region S | Leave S | Yield S
    expr      = Const | Name | Ref | Attr | Index | Slice | Unary | Binary | Compare | BoolOp | IfExp
              | Call | Tuple | List | Dict | FString | Lambda | Starred S | Walrus S | Comprehension S

Expressions are pure and stay trees; effects are statements. Core programs (after `inline`) are first-order: every
`Call.fn` is a `Ref`, every variable holds a number, an array, or a homogeneous list of those, and `Return` is last.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from srcad.ir_expressions import *
from srcad.ir_statements import *

# the fields of every class of nodes that may hold nodes
_FIELDS: dict[type, tuple[str, ...]] = {
    cls: tuple(f.name for f in dataclasses.fields(cls) if f.name != "loc")
    for cls in list(globals().values())
    if isinstance(cls, type) and dataclasses.is_dataclass(cls) and cls not in (Source, Loc)
}
_ALL = {cls: tuple(f.name for f in dataclasses.fields(cls)) for cls in _FIELDS}


T = TypeVar("T")


def kept(f: Callable[[Any], T]) -> Callable[[Any], T]:
    """A function of a node alone, whose answer is kept with the node: nodes never change, and passes ask again."""
    mark = f"_{f.__qualname__}_"

    @functools.wraps(f)
    def found(node: Any) -> T:
        space = node.__dict__
        if mark not in space:
            space[mark] = f(node)
        answer: T = space[mark]
        return answer

    return found


def is_node(value: object) -> bool:
    return type(value) in _FIELDS


def children(node: Any) -> Iterator[Any]:
    """The nodes directly below `node` (or those of a tuple), in program order."""
    return iter(_below(node))


def _below(node: Any) -> Sequence[Any]:
    """The nodes directly below a node (or those of a tuple)."""
    if type(node) is not tuple:
        return _below_node(node)
    found: list[Any] = []
    _collect(node, found)
    return found


@kept
def _below_node(node: Any) -> tuple[Any, ...]:
    found: list[Any] = []
    space = node.__dict__
    for name in _FIELDS[type(node)]:
        value = space[name]
        if type(value) is tuple:
            _collect(value, found)
        elif type(value) in _FIELDS:
            found.append(value)
    return tuple(found)


def _collect(values: tuple[Any, ...], found: list[Any]) -> None:
    for value in values:
        if type(value) is tuple:
            _collect(value, found)
        elif type(value) in _FIELDS:
            found.append(value)


def walk(node: Any) -> Iterator[Any]:
    """`node` (or every node of a tuple) and all nodes below, parents first, in program order."""
    if type(node) is tuple:
        return itertools.chain.from_iterable(map(_all_of, _below(node)))
    return iter(_all_of(node))


@kept
def _all_of(node: Any) -> tuple[Any, ...]:
    """A node and all below it."""
    return (node, *itertools.chain.from_iterable(map(_all_of, _below_node(node))))


def own(node: Any) -> Iterator[Any]:
    """The nodes below `node` (or a tuple), without those of functions nested in it."""
    for child in children(node):
        yield child
        if not isinstance(child, (Lambda, Define)):
            yield from own(child)


def flat(body: Sequence[Stmt]) -> list[Any]:
    """The statements of a body, those under comments one by one."""
    return [inner for s in body for inner in (flat(s.body) if isinstance(s, Block) else [s])]


def yields(body: tuple[Stmt, ...]) -> bool:
    """Whether statements give items, as those of a generator function do."""
    return any(map(_yields, body))


@kept
def _yields(node: Any) -> bool:
    if isinstance(node, (Lambda, Define)):
        return False
    return isinstance(node, Yield) or any(map(_yields, _below_node(node)))


def rebuild(node: Any, f: Callable[[Any], Any]) -> Any:
    """`node` with `f` applied to each node directly below it; unchanged parts are shared."""
    if not _below_node(node):
        return node
    known = node.__dict__
    changes = {}
    for name in _FIELDS[type(node)]:
        old = known[name]
        if type(old) is tuple:
            new = _mapped(old, f)
        elif type(old) in _FIELDS:
            new = f(old)
        else:
            continue
        if new is not old:
            changes[name] = new
    return changed(node, **changes) if changes else node


def changed(node: Any, **changes: Any) -> Any:
    """``dataclasses.replace`` of a node that is no constant, without what it checks at every call."""
    new = object.__new__(type(node))
    known = node.__dict__
    new.__dict__.update({name: changes[name] if name in changes else known[name] for name in _ALL[type(node)]})
    return new


def _mapped(values: tuple[Any, ...], f: Callable[[Any], Any]) -> tuple[Any, ...]:
    """A tuple with `f` applied to its nodes and to those of tuples in it; itself if nothing changes."""
    new = [f(v) if type(v) in _FIELDS else _mapped(v, f) if type(v) is tuple else v for v in values]
    return values if all(map(operator.is_, new, values)) else tuple(new)


def transform(node: Any, f: Callable[[Any], Any]) -> Any:
    """Bottom-up rewriting: `f` sees every node after its children were rewritten. Tuples are mapped."""

    def visit(node: Any) -> Any:
        return f(rebuild(node, visit))

    return _mapped(node, visit) if type(node) is tuple else visit(node)


def substitute(node: Any, replacements: dict[str, Expr]) -> Any:
    """Replace reads (and targets) of variables by expressions."""
    wanted = replacements.keys()

    def put(node: Any) -> Any:
        if type(node) is Name:
            return replacements.get(node.id, node)
        return node if wanted.isdisjoint(_names(node)) else rebuild(node, put)

    return _mapped(node, put) if type(node) is tuple else put(node)


def substitute_root(place: Any, name: str) -> Any:
    """A place (``x``, ``x[i]``, ``x.T[i][j]``) with its variable replaced; what its indices read stays."""
    if isinstance(place, Name):
        return Name(name)
    if isinstance(place, (Index, Attr)):
        return dataclasses.replace(place, base=substitute_root(place.base, name))
    assert isinstance(place, Call)
    return dataclasses.replace(place, args=(substitute_root(place.args[0], name), *place.args[1:]))


def names(node: Any) -> set[str]:
    """All variables that occur in a node or tuple of nodes, read or written, stacks included."""
    if type(node) is not tuple:
        return set(_names(node))
    return set().union(*map(_names, _below(node)))


@kept
def _names(node: Any) -> frozenset[str]:
    """The variables of a node."""
    own: frozenset[str] = frozenset()
    if isinstance(node, Name):
        own = frozenset((node.id,))
    elif isinstance(node, (Push, Pop)):
        own = frozenset((node.stack,))
    elif isinstance(node, Param):
        own = frozenset((node.name,))
    return own.union(*map(_names, _below_node(node)))


# ---- short constructors ----


def const(value: Any) -> Const:
    return Const(value)


def call(path: str, *args: Expr, **kwargs: Expr) -> Call:
    """A call of a library function by its path: ``call("numpy.sum", x, axis=const(0))``."""
    return Call(Ref(path), args, tuple(kwargs.items()))


def copy_of(value: Expr, rank: int | None = None) -> Call:
    """``np.copy(value)``, which keeps the order of its memory: what it is summed in, and so how the sum is rounded.

    ``value.copy()`` has rows one after the other. Of one axis (`rank`) the two are the same, and that one is read.
    """
    return Call(Ref("numpy.copy", loc=None if rank == 1 else _AS_FUNCTION), (value,))


_AS_FUNCTION = Loc(Source("", ""), 0, 0, 0, 0)  # of a function's name: it is printed as one, not as a method
OF = "#of"  # the keyword of a draw that names its generator; printed ``rng.normal(...)``
ELLIPSIS = Const(...)
NONE = Const(None)
ZERO = Const(0.0)
ONE = Const(1.0)
