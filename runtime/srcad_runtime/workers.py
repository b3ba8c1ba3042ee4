"""The threads that run parts of loops: as many as Numba would use, started when the first loop is worth it.

A loop never waits for a thread that has not begun: whoever meets the loop takes parts as the others do, from its own
stretch first and from what is left of the others' then. On a machine whose cores are busy a loop so takes little longer
than on one thread, where OpenMP's threads, each of which has a fixed share, make it wait for those that do not run. A
thread keeps its stretch from loop to loop, for the sake of its cache. Between loops it looks for the next one for some
microseconds and sleeps then; who sleeps is woken for long loops, or when many short ones have come by.

All of it is compiled; what threads tell each other is a table of numbers, one line of a cache each, changed by atomic
instructions. Only code compiled with Numba imports this module.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import _thread
import ctypes
import os
import platform
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import _helperlib as _numba_helpers
from numba import extending, types
from numba.core import config as _config

from srcad_runtime.jitting import overload, register_jitable
from srcad_runtime.outlined import Loaded, outlined

intrinsic: Any = extending.intrinsic

MOST = 64  # parts of a loop, and threads
SPINS = 4000  # of a thread that waits, about 100 us, before it sleeps or lets others have the processor
ENOUGH = 16  # grains of work for which sleeping threads are woken; in one loop or in several that follow each other

# ---- the table ----

LINE = 8  # numbers
FREE, TAKEN = range(2)
GATE, LOOP, TASK, COMMON, THREADS, DONE, STARTED, ASKED, MISSED, WEIGHT, BLAS = (LINE * k for k in range(11))
KNOWN, SET, GET, BUSY, QUIET, BEFORE = range(BLAS, BLAS + 6)  # what `quieten` needs
STRETCH = 11 * LINE  # for each thread the parts that nobody has begun: number of the loop, first, behind the last
ASLEEP = STRETCH + MOST * LINE  # for each thread whether it sleeps
ERRORS = ASLEEP + MOST * LINE  # for each part what it raised
LOCKS = ERRORS + MOST  # for each thread where it sleeps
_table = np.zeros(LOCKS + MOST + LINE, np.int64)
_table = _table[-(_table.ctypes.data // 8) % LINE :]  # begins where a line of the cache does
_TABLE = "srcad_runtime.workers.table"
binding.add_symbol(_TABLE, _table.ctypes.data)

_WORD = ir.IntType(64)
config: Any = _config
_helperlib: Any = _numba_helpers


def _place(builder, index):
    """Where a number of the table is."""
    table = builder.module.globals.get(_TABLE)
    if table is None:
        table = ir.GlobalVariable(builder.module, _WORD, _TABLE)
    return builder.gep(table, [index])


@intrinsic
def _load(typingctx, index):
    def generate(context, builder, signature, args):
        return builder.load_atomic(_place(builder, args[0]), "seq_cst", 8)

    return types.int64(types.int64), generate


@intrinsic
def _store(typingctx, index, value):
    def generate(context, builder, signature, args):
        builder.store_atomic(args[1], _place(builder, args[0]), "seq_cst", 8)
        return context.get_dummy_value()

    return types.none(types.int64, types.int64), generate


@intrinsic
def _add(typingctx, index, value):
    def generate(context, builder, signature, args):
        return builder.atomic_rmw("add", _place(builder, args[0]), args[1], "seq_cst")

    return types.int64(types.int64, types.int64), generate


@intrinsic
def _swap(typingctx, index, old, new):
    """Whether the number was `old`; it is `new` then."""

    def generate(context, builder, signature, args):
        pair = builder.cmpxchg(_place(builder, args[0]), args[1], args[2], "seq_cst", "seq_cst")
        return builder.extract_value(pair, 1)

    return types.boolean(types.int64, types.int64, types.int64), generate


# ---- what is asked of the system ----


def _foreign(name, address, result, *arguments):
    """A function of the system as one of compiled code."""
    symbol = f"srcad_runtime.workers.{name}"
    binding.add_symbol(symbol, address)

    def call(builder, values):
        kind = ir.FunctionType(result, arguments)
        function = builder.module.globals.get(symbol) or ir.Function(builder.module, kind, symbol)
        return builder.call(function, values)

    return call


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


_INT, _VOID = ir.IntType(32), ir.VoidType()
_acquire = _foreign("acquire", _address(ctypes.pythonapi.PyThread_acquire_lock), _INT, _WORD, _INT)
_release = _foreign("release", _address(ctypes.pythonapi.PyThread_release_lock), _VOID, _WORD)
_give_way = _foreign(
    "give_way",
    _address(ctypes.WinDLL("kernel32").SwitchToThread if os.name == "nt" else ctypes.CDLL(None).sched_yield),  # type: ignore[attr-defined,unused-ignore]
    _INT,
)


@intrinsic
def _sleep(typingctx, lock):
    def generate(context, builder, signature, args):
        _acquire(builder, [args[0], ir.Constant(_INT, 1)])
        return context.get_dummy_value()

    return types.none(types.int64), generate


@intrinsic
def _wake(typingctx, lock):
    def generate(context, builder, signature, args):
        _release(builder, args)
        return context.get_dummy_value()

    return types.none(types.int64), generate


@intrinsic
def _yield(typingctx):
    def generate(context, builder, signature, args):
        _give_way(builder, [])
        return context.get_dummy_value()

    return types.none(), generate


@intrinsic
def _pause(typingctx):
    """Leave the core's other half alone for a moment."""

    def generate(context, builder, signature, args):
        if platform.machine().lower() in ("x86_64", "amd64"):
            pause = builder.module.declare_intrinsic("llvm.x86.sse2.pause", (), ir.FunctionType(_VOID, ()))
            builder.call(pause, ())
        return context.get_dummy_value()

    return types.none(), generate


@intrinsic
def call(typingctx, task, common, part):
    """One part, by the address of its code: 0, or the address of what it raised."""

    def generate(context, builder, signature, args):
        task, common, part = args
        kind = ir.FunctionType(_WORD, (_WORD, _WORD))
        return builder.call(builder.inttoptr(task, kind.as_pointer()), (common, part))

    return types.int64(types.int64, types.int64, types.int64), generate


@intrinsic
def _asked(typingctx, address):
    """How many threads a library counts, ``numba.get_num_threads()`` those of this thread."""

    def generate(context, builder, signature, args):
        counts = builder.inttoptr(args[0], ir.FunctionType(_INT, ()).as_pointer())
        return builder.sext(builder.call(counts, ()), _WORD)

    return types.int64(types.int64), generate


# ---- threads are started ----


def _start() -> None:
    """As many threads as Numba would use, but for the one that asks; fewer where the system has no more."""
    from numba.np.ufunc import parallel

    parallel.get_num_threads()  # loads what counts them
    counts: Any = vars(parallel)["_get_num_threads"]
    _table[ASKED] = _address(counts)
    _table[STARTED] = 1
    WORK()
    for me in range(1, min(MOST, int(config.NUMBA_NUM_THREADS))):
        lock = _ALLOCATE()
        _ACQUIRE(lock, 1)
        _table[LOCKS + me] = lock
        try:
            _thread.start_new_thread(_in_thread, (WORK.address, me))
        except RuntimeError:
            break
        _table[STARTED] = me + 1


def _in_thread(address: int, me: int) -> None:
    """Compiled code in Numba's own convention, which is called without Python's lock; it does not come back."""
    kind = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    result, error = ctypes.c_int64(), ctypes.c_void_p()
    kind(address)(ctypes.addressof(result), ctypes.addressof(error), me)


_ALLOCATE = ctypes.PYFUNCTYPE(ctypes.c_void_p)(("PyThread_allocate_lock", ctypes.pythonapi))
_ACQUIRE = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)(("PyThread_acquire_lock", ctypes.pythonapi))
_STARTER = ctypes.CFUNCTYPE(None)(_start)
_begin = _foreign("start", _address(_STARTER), _VOID)


@intrinsic
def _begin_threads(typingctx):
    def generate(context, builder, signature, args):
        _begin(builder, [])
        return context.get_dummy_value()

    return types.none(), generate


def _after_fork() -> None:
    """A child has none of the threads that its parent had; it starts its own."""
    if _table[QUIET] > 0 and _table[SET] != 0:
        ctypes.CFUNCTYPE(None, ctypes.c_int)(int(_table[SET]))(int(_table[BEFORE]))
    _table[:] = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# ---- a loop is shared ----


def weigh(grains: int) -> None:
    """How much work the loop is that is shared out next, in parts as small as they may be: it may have fewer. Two loops
    at the same time may take each other's, which makes no difference but to whom they wake."""


@overload(weigh)
def _weigh(grains):
    def store(grains):
        _store(WEIGHT, grains)

    return store


@register_jitable
def take(parts):
    """Whether a loop may be shared out; if so, no other one may until `give` is called."""
    if parts > MOST or not _swap(GATE, FREE, TAKEN):
        return False
    if _load(STARTED) == 0:
        _begin_threads()
    threads = min(_asked(_load(ASKED)), _load(STARTED), parts)
    if threads > 1 and _worth(threads, parts):
        _store(THREADS, threads)
        return True
    _store(GATE, FREE)
    return False


@register_jitable
def give():
    _store(GATE, FREE)


@register_jitable
def _worth(threads, parts):
    """Whether a thread is awake, or is worth waking."""
    missed = _load(MISSED) + max(parts, _load(WEIGHT))
    for other in range(1, threads):
        if _load(ASLEEP + other * LINE) == 0:
            return True
    _store(MISSED, missed if missed < ENOUGH else 0)
    return missed >= ENOUGH


@register_jitable
def share(task, common, parts):
    """All parts; what the first of those that raised something raised, 0 for nothing."""
    threads = _load(THREADS)
    loop = (_load(LOOP) + 1) & 0x3FFFFFFF
    _store(TASK, task)
    _store(COMMON, common)
    _store(DONE, 0)
    for one in range(threads):
        first, last = one * parts // threads, (one + 1) * parts // threads
        _store(STRETCH + one * LINE, (loop << 32) | (first << 16) | last)
    _store(LOOP, loop)
    for other in range(1, threads):
        if _swap(ASLEEP + other * LINE, 1, 0):
            _wake(_load(LOCKS + other))
    _run_parts(0, threads)
    spins = 0
    while _load(DONE) < parts:
        spins += 1
        if spins < SPINS:
            _pause()
        else:
            _yield()
    for part in range(parts):
        if _load(ERRORS + part) != 0:
            return _load(ERRORS + part)
    return 0


@register_jitable
def _run_parts(me, threads):
    """Those of this thread in their order, then what is left of the others', from the end."""
    for k in range(threads):
        one = (me + k) % threads
        while True:
            part = _claim(one, k == 0)
            if part < 0:
                break
            _store(ERRORS + part, call(_load(TASK), _load(COMMON), part))
            _add(DONE, 1)


@register_jitable
def _claim(one, own):
    """A part that nobody has begun, from the stretch of a thread; -1 where none is left.

    Until it is done, the loop that it belongs to is the one in the table.
    """
    at = STRETCH + one * LINE
    while True:
        stretch = _load(at)
        first, last = (stretch >> 16) & 0xFFFF, stretch & 0xFFFF
        if first >= last:
            return -1
        if _swap(at, stretch, stretch + (1 << 16) if own else stretch - 1):
            return first if own else last - 1


@outlined
def _work(me):
    """What a thread does: one loop after the other."""
    seen = 0
    while seen >= 0:
        seen = _next(me, seen)
        threads = _load(THREADS)
        if me < threads:
            _run_parts(me, threads)
    return seen


@register_jitable
def _next(me, seen):
    """Wait for another loop than `seen`."""
    for _ in range(SPINS):
        loop = _load(LOOP)
        if loop != seen:
            return loop
        _pause()
    _store(ASLEEP + me * LINE, 1)
    # whoever shares out a loop writes its number first and looks for sleepers then
    if _load(LOOP) == seen or not _swap(ASLEEP + me * LINE, 1, 0):
        _sleep(_load(LOCKS + me))
    return _load(LOOP)


WORK = Loaded(__name__, f"{__name__}._work", (types.int64,))


# ---- BLAS beside these threads ----


def _find_blas() -> None:
    """Where OpenBLAS, if that is what Numba calls, counts its threads.

    Numba asks Python for a function of BLAS when it is first called, which one of these threads may not do: so each is
    called here, for nothing.
    """
    import scipy.linalg.cython_blas as blas

    _call_each()
    library = ctypes.CDLL(blas.__file__)
    for prefix in ("scipy_openblas", "openblas"):
        try:
            _table[GET] = _address(getattr(library, f"{prefix}_get_num_threads"))
            _table[SET] = _address(getattr(library, f"{prefix}_set_num_threads"))
            break
        except AttributeError:
            continue
    _table[KNOWN] = 1


def _call_each() -> None:
    """``1 * 1`` by each product of BLAS: a matrix's with a matrix, with a vector, and that of two vectors."""
    flag, size, numbers = ctypes.c_char, ctypes.c_ssize_t, ctypes.c_void_p
    scaled, matrix = (numbers,), (numbers, size)
    kinds = {
        "xxgemm": (flag, flag, size, size, size, *scaled, *matrix, *matrix, *scaled, *matrix),
        "xxgemv": (flag, size, size, *scaled, *matrix, numbers, *scaled, numbers),
        "xxdot": (flag, size, numbers, numbers, numbers),
    }
    for kind in b"sdcz":
        one, out = np.ones(2, np.complex128), np.zeros(2, np.complex128)
        one.view("fdFD"["sdcz".index(chr(kind))])[:] = 1
        for name, found in kinds.items():
            call = ctypes.CFUNCTYPE(ctypes.c_int, flag, *found)(_helperlib.c_helpers[name])
            given: list[Any] = [(b"\0" if name == "xxdot" else b"n") if f is flag else 1 for f in found]
            places = [k for k, f in enumerate(found) if f is numbers]
            for k in places:
                given[k] = (out if k == places[-1] else one).ctypes.data
            call(kind, *given)


_FINDER = ctypes.CFUNCTYPE(None)(_find_blas)
_find = _foreign("find_blas", _address(_FINDER), _VOID)


@intrinsic
def _ask_for_blas(typingctx):
    def generate(context, builder, signature, args):
        _find(builder, [])
        return context.get_dummy_value()

    return types.none(), generate


@intrinsic
def _set_threads(typingctx, address, threads):
    def generate(context, builder, signature, args):
        function = builder.inttoptr(args[0], ir.FunctionType(_VOID, (_INT,)).as_pointer())
        builder.call(function, (builder.trunc(args[1], _INT),))
        return context.get_dummy_value()

    return types.none(types.int64, types.int64), generate


@register_jitable
def know_blas():
    """What a thread needs to call BLAS."""
    if _load(KNOWN) == 0:
        _ask_for_blas()


@register_jitable
def quieten():
    """Until `unmute` is called as often BLAS has one thread."""
    know_blas()
    if _load(SET) != 0:
        while not _swap(BUSY, 0, 1):
            _yield()
        if _add(QUIET, 1) == 0:
            _store(BEFORE, _asked(_load(GET)))
            _set_threads(_load(SET), 1)
        _store(BUSY, 0)


@register_jitable
def unmute():
    if _load(SET) != 0:
        while not _swap(BUSY, 0, 1):
            _yield()
        if _add(QUIET, -1) == 1:
            _set_threads(_load(SET), _load(BEFORE))
        _store(BUSY, 0)
