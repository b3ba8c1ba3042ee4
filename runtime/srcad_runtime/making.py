"""New arrays in few instructions, for `srcad_runtime.lowering`.

Numba compiles five functions for ``np.zeros`` of a new rank, copies them into the caller for each array that is made,
and has LLVM take the calls and their errors apart again: 0.1 s for each rank and dtype, and a third of the time for a
function with a hundred arrays. Here the same checks and the same allocation are written in place.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs, disable-error-code="attr-defined,call-arg"

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir as llvm
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.core.typing.npydecl import parse_dtype, parse_shape
from numba.extending import intrinsic
from numba.np import arrayobj

from srcad_runtime.raising import raise_if

_TOO_BIG = "array is too big; `arr.size * arr.dtype.itemsize` is larger than the maximum possible size."
_PLAIN = (types.Float, types.Integer, types.Boolean, types.Complex)


def maker(function: Any, clear: bool) -> dict[int, Any]:
    """What stands for ``np.empty`` or ``np.zeros``, by the number of its arguments."""

    @intrinsic
    def of_float64(typingctx, shape):
        return _typed(typingctx, function, clear, shape)

    @intrinsic
    def of_dtype(typingctx, shape, dtype):
        return _typed(typingctx, function, clear, shape, dtype)

    return {1: of_float64, 2: of_dtype}


def _typed(typingctx, function, clear: bool, shape, *dtype: Any) -> Any:
    rank = parse_shape(shape) if _are_counts(shape) else None
    element = _element(*dtype) if dtype else types.float64
    if rank is None or not isinstance(element, _PLAIN):
        return by_numba(typingctx, function, shape, *dtype)

    def generate(context, builder, sig, args):
        extents = cgutils.unpack_tuple(builder, args[0], rank) if isinstance(shape, types.BaseTuple) else [args[0]]
        kinds = shape.types if isinstance(shape, types.BaseTuple) else (shape,)
        extents = [context.cast(builder, n, t, types.intp) for n, t in zip(extents, kinds)]
        for extent in extents:
            negative = builder.icmp_signed("<", extent, extent.type(0))
            raise_if(context, builder, negative, ValueError, "negative dimensions not allowed")
        made = allocated(context, builder, sig.return_type, extents)
        if clear:
            cgutils.memset(builder, made.data, builder.mul(made.itemsize, made.nitems), 0)
        return made._getvalue()

    return signature(types.Array(element, rank, "C"), shape, *dtype), generate


def _are_counts(shape) -> bool:
    kinds = shape.types if isinstance(shape, types.BaseTuple) else (shape,)
    return all(isinstance(t, types.Integer) and t.signed and t.bitwidth <= types.intp.bitwidth for t in kinds)


def _element(dtype) -> Any:
    if isinstance(dtype, types.Function) and dtype.typing_key is float:
        return types.float64
    return parse_dtype(dtype) if isinstance(dtype, (types.NumberClass, types.DType, types.Function)) else None


def by_numba(typingctx, function, *args) -> Any:
    """The signature and the code of a function that Numba has: what an intrinsic returns for what it does not do."""
    kind = typingctx.resolve_value_type(function)

    def generate(context, builder, sig, args):
        implementation = context.get_function(kind, sig)
        context.add_linking_libs(getattr(implementation, "libs", ()))
        return implementation(builder, args)

    return kind.get_call_type(typingctx, args, {}), generate


def allocated(context, builder, kind: types.Array, extents) -> Any:
    """A new array in C order, as `numba.np.arrayobj._empty_nd_impl` makes it. extents: not negative."""
    made = arrayobj.make_array(kind)(context, builder)
    itemsize = context.get_constant(types.intp, arrayobj.get_itemsize(context, kind))
    size, overflow = itemsize.type(1), llvm.Constant(llvm.IntType(1), 0)
    for factor in (*extents, itemsize):
        product = builder.smul_with_overflow(size, factor)
        size = builder.extract_value(product, 0)
        overflow = builder.or_(overflow, builder.extract_value(product, 1))
    raise_if(context, builder, overflow, ValueError, _TOO_BIG)
    strides = [itemsize]
    for extent in reversed(extents[1:]):
        strides.insert(0, builder.mul(strides[0], extent))
    align = context.get_constant(types.uint32, context.get_preferred_array_alignment(kind.dtype))
    owner = context.nrt.meminfo_alloc_aligned_unchecked(builder, size, align)
    raise_if(context, builder, cgutils.is_null(builder, owner), MemoryError, "Allocation failed (probably too large).")
    place = _memory(context, builder, owner)
    arrayobj.populate_array(
        made,
        data=builder.bitcast(place, context.get_data_type(kind.dtype).as_pointer()),
        shape=cgutils.pack_array(builder, extents, ty=size.type),
        strides=cgutils.pack_array(builder, strides[: len(extents)], ty=size.type),
        itemsize=itemsize,
        meminfo=owner,
    )
    return made


def _memory(context, builder, owner) -> Any:
    """A pointer to the memory of a new array, of which LLVM knows that none of the other arrays lie there.

    Without that it compares their places before it runs a vectorised loop: a sum would be added up in another order
    where two small arrays happen to lie next to each other. The empty instruction makes the pointer known to whoever
    frees the memory, so that nothing is moved behind that.
    """
    kind = llvm.FunctionType(owner.type, [owner.type])
    function = cgutils.get_or_insert_function(builder.module, kind, "srcad_new_memory")
    if function.is_declaration:
        function.linkage = "internal"
        function.attributes.add("noinline")
        function.return_value.add_attribute("noalias")
        body = llvm.IRBuilder(function.append_basic_block())
        body.ret(context.nrt.meminfo_data(body, function.args[0]))
    place = builder.call(function, [owner])
    builder.asm(llvm.FunctionType(llvm.VoidType(), [place.type]), "", "r,~{memory}", [place], True)
    return place


MAKERS = {"empty": maker(np.empty, False), "zeros": maker(np.zeros, True)}
