"""Loops whose iterations run side by side, with the same bits on any number of threads.

A loop is cut into parts; how many depends on its trips and their cost alone, and parts are summed up in their order, so
that results do not depend on who ran them. `prange` shares them among the threads of `workers`, as many as Numba would
use (``numba.set_num_threads``). A loop that is not worth it runs as it stands, and so does a second one at the same
time in another Python thread. Only code compiled with Numba imports this module.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, types
from numba.core import cgutils
from numba.core.callconv import Status, excinfo_ptr_t
from numba.core.typing.templates import AbstractTemplate, infer_global

from srcad_runtime import workers
from srcad_runtime.jitting import register_jitable
from srcad_runtime.lowering import APART
from srcad_runtime.outlined import Loaded, call_by_symbol, outlined

intrinsic: Any = extending.intrinsic

MOST = workers.MOST  # parts of a loop, whose partial sums are all held
GRAIN = 2**16  # the cost of a part, where an addition of two elements in a vectorised loop costs 1: 3 to 5 us


@register_jitable
def parts(trips: int, cost: int, room: int = 0) -> int:
    """Into how many parts a loop is cut: 1 where `trips` iterations of this `cost` are not worth a second one.

    room: elements of the arrays that each part needs of its own, to be set to zero and summed up at last.
    """
    work = trips * cost
    if work < 2 * GRAIN:
        return 1
    most = min(MOST, trips, work // GRAIN)
    if room > 0:
        most = min(most, work // (128 * room))
    found = 1
    while 2 * found <= most:  # halves of halves: a thread has the same part of an array in each loop, in its cache
        found *= 2
    if found > 1:
        workers.weigh(work // GRAIN)
    return found


@register_jitable
def rising(numbers: np.ndarray) -> bool:
    """Whether no number is negative, nor less than the one before: stretches from one to the next do not meet."""
    least = 0
    for number in numbers:
        if number < least:
            return False
        least = number
    return True


@register_jitable
def rooms(array: np.ndarray, parts: int) -> np.ndarray:
    """Where the parts of a loop add to an array in one piece: the array itself, or an array of zeros for each."""
    if parts == 1:
        return array.reshape((1,) + array.shape)  # noqa: RUF005 - compiled
    return np.zeros((parts,) + array.shape, array.dtype)  # noqa: RUF005 - compiled


@register_jitable
def collect(array: np.ndarray, rooms: np.ndarray) -> None:
    """Add up what the parts of a loop have added, in their order."""
    if rooms.shape[0] == 1:
        return
    total = array.reshape(array.size)
    for part in range(rooms.shape[0]):
        own = rooms[part].reshape(array.size)
        for k in range(total.size):
            total[k] += own[k]


def prange(loop: Callable[..., None], parts: int, start: int, stop: int, *arguments: Any) -> None:
    """``loop(first, last, *arguments)`` for `parts` stretches of the iterations `start` to ``stop - 1``, in any order.

    What iterations write into is nowhere else among the arguments, which is worth 10 % where loops are short: LLVM need
    not ask, before each, whether arrays overlap. Raises what an iteration raises.
    """
    for part in range(parts):
        loop(_bound(start, stop, part, parts), _bound(start, stop, part + 1, parts), *arguments)


def prange_parts(loop: Callable[..., None], parts: int, start: int, stop: int, *arguments: Any) -> None:
    """As `prange`, for loops that keep something for each part: ``loop(part, first, last, *arguments)``."""
    for part in range(parts):
        loop(part, _bound(start, stop, part, parts), _bound(start, stop, part + 1, parts), *arguments)


def _bound(start: int, stop: int, part: int, parts: int) -> int:
    return start + max(stop - start, 0) * part // parts


# ---- compiled: a part is a task, called by its address with the address of what all parts have in common ----


@outlined
def _run(task, common, parts):
    """All parts; of what they raise, what the first of them raises is raised here."""
    error = 0
    if parts > 1 and workers.take(parts):
        error = workers.share(task, common, parts)
        workers.give()
    else:
        for part in range(parts):
            error = workers.call(task, common, part)
            if error != 0:
                break
    if error != 0:
        _raise(error)
    return parts


_RUN = Loaded(__name__, f"{__name__}._run", (types.int64,) * 3)
_WORD = ir.IntType(64)
_TASK = ir.FunctionType(_WORD, (_WORD, _WORD))


class _Typed(AbstractTemplate):
    """What `prange` or `prange_parts` is to the compiler: nothing of them is left but the call of `_run`."""

    numbered = False

    def generic(self, args, kws):
        loop, arguments = args[0], args[4:]
        if not isinstance(loop, types.Dispatcher) or kws:
            return None
        _compiled(loop, arguments, self.numbered)
        _RUN()
        workers.WORK()
        return types.none(loop, *(types.int64,) * 3, *arguments)


def _lowered(numbered):
    def lower(context, builder, signature, args):
        result = _compiled(signature.args[0], signature.args[4:], numbered)
        context.active_code_library.add_linking_library(result.library)
        kind = types.Tuple(signature.args[1:])
        with builder.if_else(builder.icmp_signed("==", args[1], _WORD(1))) as (alone, shared):
            with alone:  # without a detour
                status = _call_part(context, builder, result.fndesc, _WORD(0), (_WORD(1), *args[2:]), numbered)
                with cgutils.if_unlikely(builder, status.is_error):
                    context.call_conv.return_status_propagate(builder, status)
            with shared:
                task = builder.ptrtoint(_part(context, builder.module, result, kind, numbered), _WORD)
                common = cgutils.alloca_once_value(builder, context.make_tuple(builder, kind, args[1:]))
                given = (task, builder.ptrtoint(common, _WORD), args[1])
                call_by_symbol(_RUN, context, builder, types.int64(types.int64, types.int64, types.int64), given)
        return context.get_dummy_value()

    return lower


def _compiled(loop, arguments, numbered):
    """The machine code of a loop for these arguments."""
    setattr(loop.dispatcher.py_func, APART, True)
    own = (types.int64,) * (3 if numbered else 2)
    given = (*own, *map(types.unliteral, arguments))
    loop.dispatcher.compile(given)
    return loop.dispatcher.overloads[given]


for _function, _numbered in ((prange, False), (prange_parts, True)):
    infer_global(_function)(type(_function.__name__, (_Typed,), {"key": _function, "numbered": _numbered}))
    extending.lower_builtin(_function, *(types.Any,) * 4, types.VarArg(types.Any))(_lowered(_numbered))


def _part(context, module, result, common, numbered):
    """``(common, part) -> error``: unpacks what the parts have in common, works out its stretch and calls the loop."""
    descriptor = result.fndesc
    name = f"srcad_part.{descriptor.mangled_name}"
    found = module.globals.get(name)
    if found is not None:
        return found
    function = ir.Function(module, _TASK, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block())
    address, part = function.args
    place = builder.inttoptr(address, context.get_value_type(common).as_pointer())
    given = cgutils.unpack_tuple(builder, builder.load(place))
    status = _call_part(context, builder, descriptor, part, given, numbered)
    raised = builder.ptrtoint(status.excinfoptr, _WORD)
    builder.ret(builder.select(status.is_error, raised, _WORD(0)))
    return function


def _call_part(context, builder, descriptor, part, given, numbered):
    """Call the loop for one part of it; given: what all parts have in common."""
    parts, start, stop, *arguments = given
    stretch = builder.sub(stop, start)
    trips = builder.select(builder.icmp_signed(">", stretch, _WORD(0)), stretch, _WORD(0))

    def bound(at):
        return builder.add(start, builder.sdiv(builder.mul(trips, at), parts))

    own = [bound(part), bound(builder.add(part, _WORD(1)))]
    values = [*([part] if numbered else []), *own, *arguments]
    kind = context.call_conv.get_function_type(descriptor.restype, descriptor.argtypes)
    code = cgutils.get_or_insert_function(builder.module, kind, descriptor.llvm_func_name)
    status, _ = context.call_conv.call_function(builder, code, descriptor.restype, descriptor.argtypes, values)
    return status


@intrinsic
def _raise(typingctx, error):
    """Raise what was raised in a part."""

    def generate(context, builder, signature, args):
        conv = context.call_conv
        truth, no = cgutils.true_bit, cgutils.false_bit
        exception = builder.inttoptr(args[0], excinfo_ptr_t)
        conv.return_status_propagate(
            builder,
            Status(
                code=ir.Constant(ir.IntType(32), 1),
                is_ok=no,
                is_none=no,
                is_error=truth,
                is_stop_iteration=no,
                is_python_exc=no,
                is_user_exc=truth,
                excinfoptr=exception,
            ),
        )
        return context.get_dummy_value()

    return types.none(types.int64), generate
