"""retarget: a NumPy program for another array library.

Before and after: core IR. For "numpy" nothing changes. For "cupy" references are renamed, scattering becomes
`cupyx.scatter_add`, and what CuPy lacks is `Unsupported`. For "numba" (`retarget_numba`) calls that it cannot compile
become calls of `srcad_runtime.kernels`, and literals get the type that keeps float32 results float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from srcad import ir
from srcad.errors import Unsupported
from srcad.naming import Names
from srcad.transforms import retarget_numba
from srcad.types import Abstract, Num, infer

RENAMED = (("numpy.", "cupy."), ("scipy.", "cupyx.scipy."))
KEPT = frozenset({"numpy.errstate"})  # a context of NumPy's own, harmless around CuPy's calls
# What CuPy 14 does not have: whole modules, and single functions that have rules.
LACKING_MODULES = ("numpy.random.", "scipy.stats.", "scipy.optimize.", "scipy.integrate.")
LACKING = frozenset(
    """
    numpy.block numpy.geomspace numpy.histogram_bin_edges numpy.insert numpy.linalg.diagonal numpy.linalg.matrix_norm
    numpy.linalg.multi_dot numpy.linalg.svdvals numpy.linalg.trace numpy.linalg.vecdot numpy.linalg.vector_norm
    numpy.nanpercentile numpy.nanquantile numpy.polyder numpy.polyint numpy.spacing
    numpy.unstack numpy.vecdot
    scipy.linalg.cho_factor scipy.linalg.cho_solve scipy.linalg.cholesky scipy.linalg.det scipy.linalg.inv
    scipy.linalg.solve scipy.linalg.solve_sylvester scipy.linalg.sqrtm
    scipy.linalg.cosm scipy.linalg.eigh scipy.linalg.logm scipy.linalg.pinv scipy.linalg.qr scipy.linalg.sinm
    scipy.linalg.solve_banded scipy.linalg.solve_continuous_lyapunov scipy.linalg.solve_discrete_lyapunov
    scipy.linalg.svd scipy.linalg.eig scipy.linalg.eigvals scipy.linalg.eigvalsh scipy.linalg.lstsq
    scipy.linalg.matmul_toeplitz scipy.linalg.norm scipy.linalg.solve_toeplitz scipy.linalg.solveh_banded
    scipy.linalg.svdvals scipy.fft.dct scipy.fft.idct scipy.fft.dst scipy.fft.idst numpy.matvec numpy.vecmat
    numpy.add.reduceat numpy.polydiv
    numpy.polynomial.chebyshev.chebval numpy.polynomial.chebyshev.chebvander
    numpy.polynomial.legendre.legval numpy.polynomial.legendre.legvander
    numpy.polynomial.hermite.hermval numpy.polynomial.hermite.hermvander
    numpy.polynomial.hermite_e.hermeval numpy.polynomial.hermite_e.hermevander
    numpy.polynomial.laguerre.lagval numpy.polynomial.laguerre.lagvander
    scipy.special.comb scipy.special.dawsn scipy.special.ellipe scipy.special.erfi scipy.special.factorial
    scipy.special.iv scipy.special.jv scipy.special.kv scipy.special.roots_hermite scipy.special.roots_legendre
    scipy.special.spence scipy.special.wofz scipy.special.yv
    scipy.special.airy scipy.special.bernoulli scipy.special.betaincc scipy.special.euler scipy.special.eval_chebyt
    scipy.special.eval_chebyu scipy.special.eval_gegenbauer scipy.special.eval_genlaguerre
    scipy.special.eval_hermite scipy.special.eval_hermitenorm scipy.special.eval_jacobi scipy.special.eval_laguerre
    scipy.special.eval_legendre scipy.special.fresnel scipy.special.hyp0f1 scipy.special.hyp1f1 scipy.special.hyp2f1
    scipy.special.hyperu scipy.special.ive scipy.special.jn_zeros scipy.special.jve scipy.special.kn
    scipy.special.kve scipy.special.modstruve scipy.special.owens_t scipy.special.powm1 scipy.special.roots_chebyt
    scipy.special.roots_chebyu scipy.special.roots_hermitenorm scipy.special.roots_laguerre scipy.special.softplus
    scipy.special.stdtr scipy.special.struve scipy.special.wrightomega scipy.special.yve
    """.split()
)


def retarget(function: ir.Function, types: Mapping[str, Abstract], backend: str) -> ir.Function:
    """The function for a backend; `types` are those of its variables.

    Raises Unsupported, with the place, for what the backend lacks.
    """
    if backend == "numba":
        return retarget_numba.retarget(function, types)
    return _to_cupy(function, types) if backend == "cupy" else function


def _to_cupy(function: ir.Function, types: Mapping[str, Abstract]) -> ir.Function:
    names = Names(ir.names(function))
    body = _scattered(function.body, names)
    function = ir.transform(replace(function, body=body), lambda node: _own_number(node, types))
    return ir.transform(function, _renamed)


# ---- numbers: an element of CuPy's array is a view of it, and ``+=`` writes into what it is a view of ----


def _own_number(node: ir.Node, types: Mapping[str, Abstract]) -> ir.Node:
    """Numbers that are kept get memory of their own; ``s += e`` makes a new one."""
    match node:
        case ir.Augment(ir.Name() as name, op, value):
            return ir.Assign(name, ir.Binary(op, name, value), loc=node.loc)
        case ir.Assign(value=value) | ir.Push(value=value) | ir.Return(value=value) if value is not None:
            return replace(node, value=_owned(value, types))
    return node


def _owned(value: ir.Expr, types: Mapping[str, Abstract]) -> ir.Expr:
    match value:
        case ir.Tuple(items):
            return replace(value, items=tuple(_owned(item, types) for item in items))
        case ir.IfExp(_, body, orelse):
            return replace(value, body=_owned(body, types), orelse=_owned(orelse, types))
        case ir.Call(ir.Ref("builtins.max" | "builtins.min"), args):
            return replace(value, args=tuple(_owned(arg, types) for arg in args))
        case ir.Index() if _is_number(value, types):
            return ir.call("numpy.copy", value)
    return value


def _is_number(value: ir.Index, types: Mapping[str, Abstract]) -> bool:
    """Whether an index reads one element of an array; refused where that cannot be told."""
    if not isinstance(infer(value.base, types, []), Num) or isinstance(value.base, ir.Attr):  # a list, a shape
        return False
    kind = infer(value, types, [])
    if isinstance(kind, Num) and kind.dims is None and not any(isinstance(item, ir.Slice) for item in value.items):
        raise Unsupported("CuPy: an element or a part of an array?", value.loc, "Annotate the arguments with types.")
    return isinstance(kind, Num) and kind.dims == ()


def _renamed(node: ir.Node) -> ir.Node:
    if not isinstance(node, ir.Ref):
        return node
    path = cupy_path(node.path)
    if path is None:
        raise Unsupported(f"CuPy has no {node.path}", node.loc, "Use the NumPy or the Numba backend.")
    return node if path == node.path else replace(node, path=path, obj=None)


def cupy_path(path: str) -> str | None:
    """What CuPy calls it; None if it has none."""
    if path in LACKING or path.startswith(LACKING_MODULES):
        return None
    for ours, theirs in RENAMED:
        if path.startswith(ours) and path not in KEPT:
            return theirs + path.removeprefix(ours)
    return path


# ---- scattering: srcad_runtime's helpers fill NumPy arrays, cupyx.scatter_add fills CuPy's ----


def _scattered(stmts: tuple[ir.Stmt, ...], names: Names) -> tuple[ir.Stmt, ...]:
    return tuple(new for stmt in stmts for new in _scattered_statement(stmt, names))


def _scattered_statement(stmt: ir.Stmt, names: Names) -> list[ir.Stmt]:
    match stmt:
        case ir.For() | ir.While() | ir.If():
            return [replace(stmt, body=_scattered(stmt.body, names), orelse=_scattered(stmt.orelse, names))]
        case ir.Block():
            return [replace(stmt, body=_scattered(stmt.body, names))]
        case ir.Do(ir.Call(ir.Ref("srcad_runtime.add_at"), args)):
            return [ir.Do(ir.Call(ir.Ref("cupyx.scatter_add"), args), loc=stmt.loc)]
        case ir.Augment(ir.Index(total, (ir.Const(value),)), "+", ir.Call(ir.Ref("srcad_runtime.scatter_add"), args)):
            if value is ...:
                return [ir.Do(ir.call("cupyx.scatter_add", total, *args[1:]), loc=stmt.loc)]
    return _hoisted(stmt, names)


def _hoisted(stmt: ir.Stmt, names: Names) -> list[ir.Stmt]:
    """A statement with each ``scatter_add(like, index, g)`` as an array that is filled above it."""
    above: list[ir.Stmt] = []

    def hoist(node: ir.Node) -> ir.Node:
        match node:
            case ir.Call(ir.Ref("srcad_runtime.scatter_add"), (like, index, g)):
                total = ir.Name(names.fresh("scattered"))
                zeros = ir.call("numpy.zeros", ir.Attr(like, "shape"), ir.Attr(g, "dtype"))
                above.append(ir.Assign(total, zeros))
                above.append(ir.Do(ir.call("cupyx.scatter_add", total, index, g)))
                return total
        return node

    last: ir.Stmt = ir.transform(stmt, hoist)
    return [*above, last]
