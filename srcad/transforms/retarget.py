"""retarget: a NumPy program for another array library.

Before and after: core IR. For "numpy" nothing changes. For "cupy" references are renamed, scattering becomes
`cupyx.scatter_add`, and what CuPy lacks is `Unsupported`. For "numba" (`retarget_numba`) calls that it cannot compile
become calls of `srcad_runtime.kernels`, and literals get the type that keeps float32 results float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from srcad import ir
from srcad.errors import Unsupported
from srcad.naming import Names
from srcad.transforms import retarget_numba
from srcad.types import Abstract

LIBRARIES = (
    ("numpy.", "cupy."),
    ("scipy.", "cupyx.scipy."),
)
# public names of NumPy and SciPy that CuPy 14 does not have
LACKING = frozenset(
    """
    """.split()
)


def retarget(function: ir.Function, types: Mapping[str, Abstract], backend: str) -> ir.Function:
    """The function for a backend; `types` are those of its variables.

    Raises Unsupported, with the place, for what the backend lacks.
    """
    if backend == "numba":
        return retarget_numba.retarget(function, types)
    return _to_cupy(function) if backend == "cupy" else function


def _to_cupy(function: ir.Function) -> ir.Function:
    names = Names(ir.names(function))
    body = _scattered(function.body, names)
    return ir.transform(replace(function, body=body), _renamed)


def _renamed(node: ir.Node) -> ir.Node:
    if not isinstance(node, ir.Ref):
        return node
    path = cupy_path(node.path)
    if path is None:
        raise Unsupported(f"CuPy has no {node.path}", node.loc, "Use the NumPy or the Numba backend.")
    return node if path == node.path else replace(node, path=path, obj=None)


def cupy_path(path: str) -> str | None:
    """What CuPy calls it; None if it has none."""
    if path in LACKING:
        return None
    for ours, theirs in LIBRARIES:
        if path.startswith(ours):
            return theirs + path.removeprefix(ours)
    return path


# ---- scattering ----


def _scattered(stmts: tuple[ir.Stmt, ...], names: Names) -> tuple[ir.Stmt, ...]:
    """Statements with ``scatter_add`` and ``add_at``, which fill NumPy arrays, as calls of ``cupyx.scatter_add``."""
    return tuple(new for stmt in stmts for new in _scattered_statement(stmt, names))


def _scattered_statement(stmt: ir.Stmt, names: Names) -> Iterator[ir.Stmt]:
    match stmt:
        case ir.Do(ir.Call(ir.Ref("srcad_runtime.add_at"), args)):
            yield ir.Do(ir.Call(ir.Ref("cupyx.scatter_add"), args), loc=stmt.loc)
            return
        case ir.Augment(ir.Index(total, (ir.Const(value),)), "+", ir.Call(ir.Ref("srcad_runtime.scatter_add"), args)):
            if value is ...:
                yield ir.Do(ir.Call(ir.Ref("cupyx.scatter_add"), (total, *args[1:])), loc=stmt.loc)
                return
    hoisted: list[ir.Stmt] = []

    def hoist(node: ir.Node) -> ir.Node:
        match node:
            case ir.Call(ir.Ref("srcad_runtime.scatter_add"), (like, index, g)):
                total = ir.Name(names.fresh("scattered"))
                zeros = ir.call("numpy.zeros", ir.Attr(like, "shape"), ir.Attr(g, "dtype"))
                hoisted.append(ir.Assign(total, zeros))
                hoisted.append(ir.Do(ir.call("cupyx.scatter_add", total, index, g)))
                return total
        return node

    def inner(node: ir.Node) -> ir.Node:
        return ir.transform(node, hoist)

    if isinstance(stmt, (ir.For, ir.While, ir.If, ir.Block)):
        bodies = {"body": _scattered(stmt.body, names)}
        if not isinstance(stmt, ir.Block):
            bodies["orelse"] = _scattered(stmt.orelse, names)
        yield replace(stmt, **bodies)
        return
    new = inner(stmt)
    yield from hoisted
    yield new
