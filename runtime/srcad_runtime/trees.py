"""Nested parameters: tuples, lists, dicts, named tuples and dataclasses of arrays, as one thing.

A *tree* is such a nest. Its *leaves* are numbers and arrays, left to right (dicts in insertion order). `None`, strings
and functions carry no numbers: they belong to the structure. Trees are matched by structure, dicts by key whatever
their order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

Tree = Any
Reader = Callable[[Tree], tuple[np.ndarray, ...]]
# the way to a node, innermost last: (the way to its parent, the parent, the key there); spelled only when it is told
_Path = tuple[Any, Tree, Any] | None


def leaves(tree: Tree) -> list[Any]:
    """The leaves of `tree`, left to right."""
    found: list[Any] = []
    _collect(tree, found)
    return found


def flatten(tree: Tree) -> tuple[list[Any], Tree]:
    """The leaves of `tree` and the tree itself, which serves `unflatten` as the structure."""
    return leaves(tree), tree


def unflatten(structure: Tree, new_leaves: Iterable[Any]) -> Tree:
    """A tree built like `structure` that holds `new_leaves`; a wrong number of them is a ValueError."""
    stream = iter(new_leaves)
    try:
        tree = map(lambda _: next(stream), structure)
    except StopIteration:
        raise ValueError(f"too few leaves for a tree of {len(leaves(structure))}") from None
    if next(stream, stream) is not stream:
        raise ValueError(f"too many leaves for a tree of {len(leaves(structure))}")
    return tree


def map(f: Callable[..., Any], tree: Tree, *rest: Tree) -> Tree:
    """`f` of every leaf of `tree` and of what stands there in `rest`; the result is built like `tree`.

    A place where the trees differ is a ValueError that names it.
    """
    return _map(f, tree, rest, None)


def paths(tree: Tree) -> list[tuple[str, Any]]:
    """Every leaf with the way to it, as Python spells it: ``("['layer'][0].w", leaf)``."""
    return list(_walk(tree, ""))


def together(tree: Tree, *rest: Tree) -> list[tuple[Any, ...]]:
    """The leaves of `tree`, each with what stands there in `rest`."""
    found: list[tuple[Any, ...]] = []
    _gather(tree, rest, None, found)
    return found


def same_structure(a: Tree, b: Tree) -> bool:
    """Whether the two trees differ in nothing but their leaves."""
    try:
        map(lambda x, y: _require_leaf(y), a, b)
    except ValueError:
        return False
    return True


def is_leaf(tree: Tree) -> bool:
    """Whether `tree` is a number or an array (anything that is neither a container nor structure)."""
    return not _is_static(tree) and children_of(tree) is None


def reader(like: Tree) -> Reader:
    """A function that gives the leaves of any tree built like this one, and () for another: `leaves`, written out.

    Where a leaf is not an array, or a dict not a plain one, it gives () for every tree.
    """
    text = _Text()
    if not text.read(like, "tree"):
        return lambda tree: ()
    body = "\n        ".join([*text.lines, f"return ({''.join(f'{name}, ' for name in text.found)})"])
    exec(f"def read(tree):\n    try:\n        {body}\n    except KeyError:\n        return ()\n", text.space)
    return text.space["read"]  # type: ignore[no-any-return]


def zeros_like(tree: Tree, dtype: Any = None) -> Tree:
    """The same tree with arrays of zeros (of `dtype`, else of the leaves' own)."""
    return map(lambda x: np.zeros_like(x, dtype=dtype), tree)


def copy(tree: Tree) -> Tree:
    """The same tree with every leaf copied into an array of its own."""
    return map(
        lambda x: np.array(x) if isinstance(x, (np.ndarray, np.generic, float, int, complex)) else x.copy(), tree
    )


def size(tree: Tree) -> int:
    """How many numbers the tree holds."""
    return sum(int(np.size(x)) for x in leaves(tree))


def describe(tree: Tree, name: str = "") -> str:
    """One line for messages: ``w (3, 2) float64, b () float64``."""
    parts = [f"{name}{path} {np.shape(x)} {np.asarray(x).dtype}" for path, x in paths(tree)]
    return ", ".join(parts) if parts else f"{name} (empty)"


def children_of(node: Tree) -> dict[Any, Tree] | None:
    """A container's children by key, in order; None for what is not a container."""
    if isinstance(node, dict):
        return node
    if isinstance(node, (tuple, list)):
        return dict(enumerate(node))
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        return {f.name: getattr(node, f.name) for f in dataclasses.fields(node)}
    return None


def _rebuild(node: Tree, children: list[Tree]) -> Tree:
    if isinstance(node, dict):
        return _like_dict(node, children)
    if isinstance(node, list):
        return children
    if isinstance(node, tuple):
        return type(node)(*children) if hasattr(node, "_fields") else tuple(children)
    # not through __init__: it may check or convert, and a gradient is built like the parameters whatever it says
    new = object.__new__(type(node))
    for field, child in zip(dataclasses.fields(node), children):
        object.__setattr__(new, field.name, child)
    return new


def _like_dict(node: dict[Any, Tree], children: list[Tree]) -> dict[Any, Tree]:
    pairs = dict(zip(node, children))
    if type(node) is dict:
        return pairs
    new = node.copy()  # keeps a defaultdict's factory, an OrderedDict's type
    new.update(pairs)
    return new


def _is_static(node: Tree) -> bool:
    if isinstance(node, (np.ndarray, float, int)):
        return False
    return node is None or isinstance(node, (str, bytes, type)) or callable(node)


def _collect(node: Tree, found: list[Any]) -> None:
    """Written out by type: an optimizer walks four trees at every step."""
    if isinstance(node, np.ndarray):
        found.append(node)
    elif isinstance(node, dict):
        for child in node.values():
            _collect(child, found)
    elif isinstance(node, (tuple, list)):
        for child in node:
            _collect(child, found)
    elif dataclasses.is_dataclass(node) and not isinstance(node, type):
        for field in dataclasses.fields(node):
            _collect(getattr(node, field.name), found)
    elif not _is_static(node):
        found.append(node)


class _Text:
    """The statements that take a tree apart; `found` names the leaves."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.found: list[str] = []
        self.space: dict[str, Any] = {"ndarray": np.ndarray}

    def read(self, node: Tree, name: str) -> bool:
        """Add those for `node`; False where it is no array, and no container of a kind that is known."""
        if type(node) is np.ndarray:
            self.lines.append(f"if type({name}) is not ndarray: return ()")
            self.found.append(name)
            return True
        if not isinstance(node, (tuple, list)) and type(node) is not dict:
            return False
        children = children_of(node) or {}
        kind = self._constant(type(node))
        self.lines.append(f"if type({name}) is not {kind} or len({name}) != {len(children)}: return ()")
        return all([self._child(f"{name}[{self._constant(key)}]", child) for key, child in children.items()])

    def _child(self, place: str, child: Tree) -> bool:
        name = f"x{len(self.lines)}"
        self.lines.append(f"{name} = {place}")
        return self.read(child, name)

    def _constant(self, value: Any) -> str:
        name = f"c{len(self.space)}"
        self.space[name] = value
        return name


def _gather(node: Tree, rest: tuple[Tree, ...], path: _Path, found: list[tuple[Any, ...]]) -> None:
    if isinstance(node, np.ndarray):
        found.append((node, *rest))
        return
    if type(node) is dict and all([type(o) is dict and o.keys() == node.keys() for o in rest]):  # the usual case
        for key, child in node.items():
            at = tuple([o[key] for o in rest])
            if isinstance(child, np.ndarray):
                found.append((child, *at))
            else:
                _gather(child, at, (path, node, key), found)
        return
    children = children_of(node)
    if children is None:
        if not _is_static(node):
            found.append((node, *rest))
        return
    others = [_matching(node, children, other, path) for other in rest]
    for key, child in children.items():
        _gather(child, tuple([other[key] for other in others]), (path, node, key), found)


def _map(f: Callable[..., Any], node: Tree, rest: tuple[Tree, ...], path: _Path) -> Tree:
    if isinstance(node, np.ndarray):
        return f(node, *rest)
    children = children_of(node)
    if children is None:
        return node if _is_static(node) else f(node, *rest)
    others = [_matching(node, children, other, path) for other in rest]
    built = [
        _map(f, child, tuple([other[key] for other in others]), (path, node, key)) for key, child in children.items()
    ]
    return _rebuild(node, built)


def _spell(path: _Path) -> str:
    return "" if path is None else _spell(path[0]) + step(path[1], path[2])


def _matching(node: Tree, children: dict[Any, Tree], other: Tree, path: _Path) -> dict[Any, Tree]:
    found = children_of(other)
    if found is None:
        raise ValueError(f"trees differ at {_spell(path) or 'the top'}: {_kind(node)} against {_kind(other)}")
    if found.keys() != children.keys():
        raise ValueError(f"trees differ at {_spell(path) or 'the top'}: {list(children)} against {list(found)}")
    return found


def _walk(node: Tree, path: str) -> Iterator[tuple[str, Any]]:
    children = None if isinstance(node, np.ndarray) else children_of(node)
    if children is not None:
        for key, child in children.items():
            yield from _walk(child, path + step(node, key))
    elif not _is_static(node):
        yield path, node


def step(node: Tree, key: Any) -> str:
    """How Python spells the child `key` of `node`: ``['w']``, ``[0]`` or ``.w``."""
    if isinstance(node, tuple) and hasattr(node, "_fields"):
        return f".{node._fields[key]}"
    return f"[{key!r}]" if isinstance(node, (dict, tuple, list)) else f".{key}"


def _kind(node: Tree) -> str:
    return f"an array {node.shape}" if isinstance(node, np.ndarray) else f"a {type(node).__name__}"


def _require_leaf(node: Tree) -> None:
    if not is_leaf(node):
        raise ValueError("not a leaf")
