"""Shorter LLVM code for what generated loops consist of: elements of arrays, shapes, sums and products of numbers.

For each element that is read or written, Numba builds the whole array anew and asks its registry for an implementation,
and for each sum it tries several. The code that LLVM is left with in the end is the same; making, reading and cleaning
it is a quarter of the time that a gradient takes to compile. `Lower` writes what is left in the end: the same
operations in the same order, wraparound and bounds checks included. All else is Numba's own lowering.

This is about Numba's inner parts: other versions than those tested compile as Numba does. Only code compiled with Numba
imports this module.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs

from __future__ import annotations

import contextlib
import operator
from collections.abc import Iterator
from typing import Any

import numba
from numba.core import cgutils, compiler, ir, ir_utils, lowering, typed_passes, types, untyped_passes
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.dispatcher import Dispatcher
from numba.extending import overload
from numba.np import arrayobj

from srcad_runtime import assignments, blas, making, ranges
from srcad_runtime.raising import raise_if

TESTED = ((0, 68),)  # versions of Numba

_REAL = {operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul"}
_WHOLE = {operator.add: "add", operator.sub: "sub", operator.mul: "mul"}
_ORDER = {
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}


APART = "__srcad_apart__"  # of a function: no array that it writes into shares memory with another of its arguments
_OWNER = types.MemInfoPointer(types.voidptr)  # what counts the references to an array's memory


class Lower(lowering.Lower):  # type: ignore[misc]
    """Numba's lowering of one function, with short cuts."""

    def __init__(self, *args, **kwargs):
        self.counted: dict[Any, bool] = {}
        super().__init__(*args, **kwargs)

    # ---- variables without references: nothing to count when they are set or deleted ----

    def is_counted(self, name: str) -> bool:
        kind = self.typeof(name)
        if kind not in self.counted:
            self.counted[kind] = self.context.data_model_manager[kind].contains_nrt_meminfo()
        return self.counted[kind]

    def is_plain(self, name: str) -> bool:
        return not (self._disable_sroa_like_opt or self.generator_info or self.is_counted(name))

    def delvar(self, name):
        if name in self.varmap and name not in self._blk_local_varmap and self.is_array(name):
            self.release(name)
        elif not self.is_plain(name):
            super().delvar(name)
        elif name not in self.varmap and name not in self._blk_local_varmap:
            super().delvar(name)

    def storevar(self, value, name, argidx=None):
        in_memory = name in self.varmap and name not in self._singly_assigned_vars
        if argidx is None and in_memory and value.type == self.varmap[name].type.pointee:
            if self.is_array(name):
                self.release(name)
            elif not self.is_plain(name):
                super().storevar(value, name)
                return
            self.builder.store(value, self.varmap[name])
        else:
            super().storevar(value, name, argidx)

    # ---- arrays: one reference to count, whatever else they consist of ----

    def is_array(self, name: str) -> bool:
        return type(self.typeof(name)) is types.Array and not (self._disable_sroa_like_opt or self.generator_info)

    def release(self, name: str) -> None:
        """Give up the array that a variable in memory holds."""
        owner = self.part(name, self.typeof(name), "meminfo")
        super().decref(_OWNER, self.builder.load(owner))
        self.builder.store(owner.type.pointee(None), owner)

    def incref(self, typ, val):
        super().incref(*self.counted_part(typ, val))

    def decref(self, typ, val):
        super().decref(*self.counted_part(typ, val))

    def counted_part(self, kind, value) -> Any:
        """(type, value) of what is counted of a value: all of it, but of an array its owner only."""
        if type(kind) is not types.Array:
            return kind, value
        position = self.context.data_model_manager[kind].get_field_position("meminfo")
        return _OWNER, self.builder.extract_value(value, position)

    # ---- arrays ----

    def field(self, name: str, kind: types.Array, field: str, *at: int) -> Any:
        """A part of an array that a variable holds: its data, one of its extents."""
        if name in self._blk_local_varmap and not self._disable_sroa_like_opt:
            position = self.context.data_model_manager[kind].get_field_position(field)
            return self.builder.extract_value(self._blk_local_varmap[name], [position, *at])
        return self.builder.load(self.part(name, kind, field, *at))

    def part(self, name: str, kind: types.Array, field: str, *at: int) -> Any:
        """A pointer to a part of an array that a variable in memory holds."""
        position = self.context.data_model_manager[kind].get_field_position(field)
        return cgutils.gep_inbounds(self.builder, self.getvar(name), 0, position, *at)

    def element(self, name: str, kind: Any, index: ir.Var) -> Any:
        """A pointer to an element of numbers or truth values; None where the index is no element's."""
        at = self.typeof(index.name)
        kinds: Any = at.types if isinstance(at, (types.Tuple, types.UniTuple)) else (at,)
        is_array = type(kind) is types.Array and kind.layout in "CA" and not self.generator_info
        if not is_array or len(kinds) != kind.ndim or not all(isinstance(t, types.Integer) for t in kinds):
            return None
        if not kinds or not isinstance(kind.dtype, (types.Number, types.Boolean)):
            return None
        value = self.loadvar(index.name)
        parts = [value] if at is kinds[0] else [self.builder.extract_value(value, k) for k in range(len(kinds))]
        extents: dict[int, Any] = {}

        def extent(axis: int) -> Any:
            if axis not in extents:
                extents[axis] = self.field(name, kind, "shape", axis)
            return extents[axis]

        places = [self.place(part, t, axis, extent) for axis, (part, t) in enumerate(zip(parts, kinds))]
        if self.context.enable_boundscheck:
            self.check_bounds(places, extent)
        return self.pointer(name, kind, places, extent)

    def place(self, index, kind, axis, extent) -> Any:
        """An index as a place on its axis: from its end if negative."""
        if not kind.signed:
            return self.context.cast(self.builder, index, kind, types.uintp)
        index = self.context.cast(self.builder, index, kind, types.intp)
        if isinstance(kind, types.IntegerLiteral) and kind.literal_value >= 0:
            return index
        negative = self.builder.icmp_signed("<", index, index.type(0))
        return self.builder.select(negative, self.builder.add(index, extent(axis)), index)

    def check_bounds(self, places, extent):
        """Raise IndexError as Numba does, from one place in the function."""
        if getattr(self.builder, "_in_try_block", False):
            for axis, place in enumerate(places):
                cgutils.do_boundscheck(self.context, self.builder, place, extent(axis), axis)
            return
        outside = None
        for axis, place in enumerate(places):
            beyond = self.builder.icmp_unsigned(">=", place, extent(axis))  # a negative place is a large one
            outside = beyond if outside is None else self.builder.or_(outside, beyond)
        raise_if(self.context, self.builder, outside, IndexError, "index is out of bounds")

    def pointer(self, name, kind, places, extent) -> Any:
        data = self.field(name, kind, "data")
        if kind.layout == "A":
            steps = [self.field(name, kind, "strides", axis) for axis in range(kind.ndim)]
            offset = self.builder.mul(steps[0], places[0])
            for step, place in zip(steps[1:], places[1:]):
                offset = self.builder.add(offset, self.builder.mul(step, place))
            return cgutils.pointer_add(self.builder, data, offset)
        offset = places[0]
        for axis in range(1, kind.ndim):
            offset = self.builder.add(self.builder.mul(offset, extent(axis)), places[axis])
        return self.builder.gep(data, [offset])

    def lower_getitem(self, resty, expr, value, index, signature):
        kind = self.typeof(value.name)
        pointer = None if isinstance(resty, types.Array) else self.element(value.name, kind, index)
        if pointer is None:
            return super().lower_getitem(resty, expr, value, index, signature)
        found = arrayobj.load_item(self.context, self.builder, kind, pointer)
        return self.context.cast(self.builder, found, kind.dtype, resty)

    def lower_setitem(self, target_var, index_var, value_var, signature):
        kind, given = self.typeof(target_var.name), self.typeof(value_var.name)
        pointer = None
        if isinstance(given, (types.Number, types.Boolean)):
            pointer = self.element(target_var.name, kind, index_var)
        if pointer is None and self.is_stored(target_var, index_var, value_var):
            return None
        if pointer is None:
            with _plain_errors():
                return super().lower_setitem(target_var, index_var, value_var, signature)
        value = self.context.cast(self.builder, self.loadvar(value_var.name), given, signature.args[2])
        value = self.context.cast(self.builder, value, signature.args[2], kind.dtype)
        arrayobj.store_item(self.context, self.builder, kind, value, pointer)
        return None

    def is_stored(self, target_var, index_var, value_var) -> bool:
        """Whether the value is the very part of the array that it is to be stored into: ``x[1:] += y``."""

        def definition(var):
            return ir_utils.guard(ir_utils.get_definition, self.func_ir, var, lhs_only=False)

        summed = definition(value_var)
        if not isinstance(summed, ir.Expr) or summed.op != "inplace_binop":
            return False
        read = definition(summed.lhs)
        if not isinstance(read, ir.Expr) or read.op not in ("getitem", "static_getitem"):
            return False
        index = read.index if read.op == "getitem" else read.index_var
        same = read.value == target_var and index == index_var and summed.lhs.name.startswith("$")
        at = self.typeof(index_var.name)
        parts = at.types if isinstance(at, (types.Tuple, types.UniTuple)) else (at,)
        basic = all(isinstance(t, (types.SliceType, types.Integer, types.EllipsisType)) for t in parts)
        kinds = {self.typeof(var.name) for var in (summed.lhs, value_var)}
        return same and basic and len(kinds) == 1 and type(kinds.pop()) is types.Array

    # ---- expressions ----

    def lower_expr(self, resty, expr):
        if expr.op == "getattr" and expr.attr == "shape" and type(self.typeof(expr.value.name)) is types.Array:
            return self.field(expr.value.name, self.typeof(expr.value.name), "shape")
        if expr.op == "static_getitem" and isinstance(self.typeof(expr.value.name), types.UniTuple):
            kind = self.typeof(expr.value.name)
            if isinstance(kind.dtype, types.Number) and type(expr.index) is int and 0 <= expr.index < kind.count:
                part = self.builder.extract_value(self.loadvar(expr.value.name), expr.index)
                return self.context.cast(self.builder, part, kind.dtype, resty)
        if expr.op in ranges.OPERATIONS and self.typeof(expr.value.name) in ranges.TYPES:
            counting = ranges.counting(self, expr.op, expr.value)
            if counting is not None:
                return counting
        return super().lower_expr(resty, expr)

    def lower_binop(self, resty, expr, op):
        signature = self.fndesc.calltypes[expr]
        args = signature.args
        if len(args) == 2 and args[0] == args[1] and args[0] in (types.float64, types.float32, types.int64):
            compute = self.arithmetic(op, args[0], signature.return_type)
            if compute is not None:
                left, right = (self.context.cast(self.builder, self.loadvar(v.name), self.typeof(v.name), args[0])
                               for v in (expr.lhs, expr.rhs))  # fmt: skip
                return self.context.cast(self.builder, compute(left, right), signature.return_type, resty)
        return super().lower_binop(resty, expr, op)

    def arithmetic(self, op, kind, returned) -> Any:
        """What LLVM calls ``op`` of two numbers of one type."""
        whole = kind == types.int64
        if op in _ORDER and returned == types.boolean:
            if whole:
                return lambda a, b: self.builder.icmp_signed(_ORDER[op], a, b)
            compare = self.builder.fcmp_unordered if op is operator.ne else self.builder.fcmp_ordered
            return lambda a, b: compare(_ORDER[op], a, b)
        if returned != kind or op not in _REAL:
            return None
        if whole:  # as Numba: indices do not overflow
            return lambda a, b: getattr(self.builder, _WHOLE[op])(a, b, flags=["nsw"])
        return getattr(self.builder, _REAL[op])


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    """Slices that do not fit raise without telling their shapes: Numba compiles its text functions for that."""
    telling = arrayobj.raise_with_shape_context
    arrayobj.raise_with_shape_context = _raise_misfit
    try:
        yield
    finally:
        arrayobj.raise_with_shape_context = telling


def _raise_misfit(source: Any, target: Any) -> None:
    """What compiled code calls instead of `numba.np.arrayobj.raise_with_shape_context`."""


@overload(_raise_misfit)
def _overload_raise_misfit(source, target):
    def misfit(source, target):
        raise ValueError("cannot assign slice from input of different size")

    return misfit


@register_pass(mutates_CFG=False, analysis_only=False)
class Calls(FunctionPass):  # type: ignore[misc]
    """``a @ b`` and ``np.dot`` by `srcad_runtime.blas`, ``np.empty`` and ``np.zeros`` by `srcad_runtime.making`."""

    _name = "srcad_calls"

    def __init__(self):
        FunctionPass.__init__(self)

    def run_pass(self, state):
        changed = False
        for block in state.func_ir.blocks.values():
            body = []
            for stmt in block.body:
                found = self.found(state.func_ir, stmt.value) if isinstance(stmt, ir.Assign) else None
                if found is not None:
                    function = ir.Var(block.scope, ir_utils.mk_unique_var("$quick"), stmt.loc)
                    body.append(ir.Assign(ir.Global("quick", found[0], stmt.loc), function, stmt.loc))
                    stmt.value = ir.Expr.call(function, found[1], (), stmt.loc)
                    changed = True
                body.append(stmt)
            block.body = body
        if changed:
            state.func_ir._definitions = ir_utils.build_definitions(state.func_ir.blocks)
        return changed

    def found(self, func_ir, value) -> Any:
        """What is to be called instead, and its arguments."""
        if not isinstance(value, ir.Expr):
            return None
        if value.op == "binop" and value.fn is operator.matmul:
            return blas.product, (value.lhs, value.rhs)
        if value.op != "call" or value.vararg is not None or any(name != "dtype" for name, _ in value.kws):
            return None
        name = ir_utils.guard(ir_utils.find_callname, func_ir, value)
        args = (*value.args, *(v for _, v in value.kws))
        if name == ("dot", "numpy") and len(args) in (2, 3) and not value.kws:
            return (blas.product if len(args) == 2 else blas.product_into), args
        if name is not None and name[1] == "numpy" and name[0] in making.MAKERS and len(args) in (1, 2):
            return making.MAKERS[name[0]][len(args)], args
        return None


@register_pass(mutates_CFG=True, analysis_only=False)
class Lowering(typed_passes.BaseNativeLowering):  # type: ignore[misc]
    """Numba's pass from its own intermediate code to LLVM's, by `Lower`."""

    _name: Any = "srcad_native_lowering"

    @property
    def lowering_class(self):
        return Lower

    def run_pass(self, state):
        if state.flags.no_cpython_wrapper:  # called by compiled code alone
            state.flags.no_cfunc_wrapper = True
        if getattr(state.func_id.func, APART, False):
            state.flags.noalias = True
        return super().run_pass(state)


class Compiler(compiler.CompilerBase):  # type: ignore[misc]
    """Numba's passes, with `Calls`, and with `Lowering` for its own."""

    def define_pipelines(self):
        if self.state.flags.force_pyobject:
            return [compiler.DefaultPassBuilder.define_objectmode_pipeline(self.state)]
        passes = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
        instead: Any = {
            untyped_passes.ReconstructSSA: [(assignments.SingleAssignments, "single assignments")],
            typed_passes.PreLowerStripPhis: [(assignments.WithoutJoins, "joins")],
            typed_passes.NopythonTypeInference: [(Calls, "calls"), (typed_passes.NopythonTypeInference, "types")],
            typed_passes.NativeLowering: [(Lowering, "lowering")],
        }
        passes.passes = [new for old in passes.passes for new in instead.get(old[0], [old])]
        passes.finalize()
        return [passes]


# for `numba.njit`
OPTIONS: dict[str, Any] = {"pipeline_class": Compiler} if numba.version_info.short in TESTED else {}


def short(dispatcher: Any) -> None:
    """Have a jitted function, and those of its module, compiled by way of `Lower`."""
    if not OPTIONS:
        return
    scope = dispatcher.py_func.__globals__
    jitted: list[Any] = [v for v in scope.values() if isinstance(v, Dispatcher) and v.py_func.__globals__ is scope]
    for function in (dispatcher, *jitted):
        function._compiler.pipeline_class = Compiler
