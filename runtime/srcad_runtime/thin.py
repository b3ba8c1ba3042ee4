"""Products of matrices with few columns, for `srcad_runtime.blas`: points by a rotation, and the adjoint of such.

BLAS packs its operands and computes tiles that few columns do not fill: it takes 3 to 5 times as long, and 10 times for
two matrices of four rows. Here a row is a vector of four numbers. Where there are fewer columns, the lanes beyond them
hold other numbers, which go into no other lane and are not kept: a row is read and written together with the beginning
of the next one, which is written afterwards; the last row has none, and is read and written number by number.

Each function is put into a module of LLVM's once, and called.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs, disable-error-code="attr-defined"

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir as llvm
from numba.core import cgutils, types

LANES = 4
_CHUNK = 256  # products that are added up one after the other, before their sum is added to others
_INT = llvm.IntType(types.intp.bitwidth)
_LANE = llvm.IntType(32)


def by_rows(builder, number, operands, extents) -> None:
    """``out = a @ b``, a (n, k), b (k, m), 2 <= k <= 4, 2 <= m <= 4, n > 0, out in C order, apart from the others.

    number: the type of the elements. operands: the place of `a`, what its rows and columns are apart, the same of `b`,
    the place of `out`. extents: n, k, m.
    """
    _called(builder, "by_rows", number, (*operands, *extents), (0, 3, 6), _by_rows)


def by_columns(builder, number, operands, extents) -> None:
    """``out = a @ b``, a (n, k), b (k, m), 0 < n <= 4, 2 <= m <= 4, k > 0, b and out in C order.

    operands: the place of `a`, what its rows and columns are apart, the place of `b`, that of `out`. The rest as of
    `by_rows`.
    """
    _called(builder, "by_columns", number, (*operands, *extents), (0, 3, 4), _by_columns)


def _called(builder, name: str, number, values, places, body: Callable[..., None]) -> None:
    """Call the function that `body` writes. places: which of the values are addresses."""
    kinds = [number.as_pointer() if k in places else _INT for k in range(len(values))]
    kind = llvm.FunctionType(llvm.VoidType(), kinds)
    function = cgutils.get_or_insert_function(builder.module, kind, f"srcad_thin_{name}_{number}")
    if function.is_declaration:
        function.linkage = "linkonce_odr"
        for attribute in ("noinline", "nounwind"):
            function.attributes.add(attribute)
        inner = llvm.IRBuilder(function.append_basic_block("entry"))
        body(Lanes(inner, number), *function.args)
        inner.ret_void()
    builder.call(function, values)


class Lanes:
    """Vectors of four numbers."""

    def __init__(self, builder, number) -> None:
        self.builder, self.kind = builder, llvm.VectorType(number, LANES)
        self.zero = llvm.Constant(self.kind, None)
        self.align = 8 if isinstance(number, llvm.DoubleType) else 4  # of one number

    def at(self, place, i, apart):
        """The address of what stands at `i`, in steps of `apart`."""
        return self.builder.gep(place, [self.builder.mul(i, apart)])

    def whole(self, place):
        """Four numbers next to each other."""
        return self.builder.load(self.builder.bitcast(place, self.kind.as_pointer()), align=self.align)

    def put_whole(self, value, place) -> None:
        self.builder.store(value, self.builder.bitcast(place, self.kind.as_pointer()), align=self.align)

    def single(self, place, apart, count):
        """As many numbers as there are; the last one fills the other lanes."""
        value = self.zero
        for lane in range(LANES):
            number = self.builder.load(self.at(place, least(self.builder, lane, count), apart))
            value = self.builder.insert_element(value, number, _LANE(lane))
        return value

    def put_single(self, value, place, count) -> None:
        """The first `count` numbers of four."""
        for lane in range(LANES):
            with self.builder.if_then(self.builder.icmp_signed("<", _INT(lane), count)):
                number = self.builder.extract_element(value, _LANE(lane))
                self.builder.store(number, self.builder.gep(place, [_INT(lane)]))

    def spread(self, place):
        """One number in all lanes."""
        one = self.builder.insert_element(self.zero, self.builder.load(place), _LANE(0))
        return self.builder.shuffle_vector(one, self.zero, llvm.Constant(llvm.VectorType(_LANE, LANES), None))

    def plus_product(self, total, a, b):
        product = self.builder.fmul(a, b, flags=("contract",))
        return self.builder.fadd(total, product, flags=("contract",))


def few(builder, count):
    """Whether there is more than one, and they fit into one vector."""
    return builder.icmp_unsigned("<", builder.sub(count, _INT(2)), _INT(LANES - 1))


def least(builder, number: int, count):
    """A number, but at most the last of `count` places."""
    last = builder.sub(count, _INT(1))
    return builder.select(builder.icmp_signed("<", _INT(number), last), _INT(number), last)


def _by_rows(lanes: Lanes, a, row, column, b, down, right, out, n, k, m) -> None:
    """A row of the result is the rows of `b`, each times a number of the row of `a`."""
    builder = lanes.builder
    last = builder.sub(n, _INT(1))
    rows = [lanes.single(lanes.at(b, least(builder, p, k), down), right, m) for p in range(LANES)]

    def total(i, count: int):
        left = lanes.at(a, i, row)
        value = builder.fmul(lanes.spread(left), rows[0])
        for p in range(1, count):
            value = lanes.plus_product(value, lanes.spread(lanes.at(left, _INT(p), column)), rows[p])
        return value

    for count in range(2, LANES + 1):
        with builder.if_then(builder.icmp_signed("==", k, _INT(count))):
            with cgutils.for_range(builder, last) as loop:
                lanes.put_whole(total(loop.index, count), lanes.at(out, loop.index, m))
            lanes.put_single(total(last, count), lanes.at(out, last, m), m)


def _by_columns(lanes: Lanes, a, row, column, b, out, n, k, m) -> None:
    """Every row of `b`, times a number of each row of `a`, goes into the rows of the result."""
    builder = lanes.builder
    last = builder.sub(k, _INT(1))
    totals, parts = ([cgutils.alloca_once_value(builder, lanes.zero) for _ in range(LANES)] for _ in ("all", "a chunk"))

    def add(places, p, value) -> None:
        for i, place in enumerate(places):
            factor = lanes.spread(lanes.at(lanes.at(a, least(builder, i, n), row), p, column))
            builder.store(lanes.plus_product(builder.load(place), factor, value), place)

    chunks = builder.add(builder.sdiv(last, _INT(_CHUNK)), _INT(1))
    with cgutils.for_range(builder, chunks) as chunk:
        start = builder.mul(chunk.index, _INT(_CHUNK))
        rest = builder.sub(last, start)
        count = builder.select(builder.icmp_signed("<", rest, _INT(_CHUNK)), rest, _INT(_CHUNK))
        with cgutils.for_range(builder, count) as loop:
            p = builder.add(start, loop.index)
            add(parts, p, lanes.whole(lanes.at(b, p, m)))
        for place, part in zip(totals, parts):
            builder.store(builder.fadd(builder.load(place), builder.load(part)), place)
            builder.store(lanes.zero, part)
    add(totals, last, lanes.single(lanes.at(b, last, m), _INT(1), m))
    for i, place in enumerate(totals):
        with builder.if_then(builder.icmp_signed("<", _INT(i), n)):
            lanes.put_single(builder.load(place), lanes.at(out, _INT(i), m), m)
