"""Functions whose value does not vary smoothly with any argument: comparisons, roundings, constructors, shapes."""

from __future__ import annotations

import builtins
import cmath
import math

import numpy as np
from srcad_runtime import attempts

from srcad.rules.registry import constant

# comparisons and tests
constant(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.array_equal, np.allclose)
constant(np.isclose, np.isfinite, np.isinf, np.isnan, np.isneginf, np.isposinf, np.signbit, np.isreal, np.iscomplex)
constant(np.logical_and, np.logical_or, np.logical_not, np.logical_xor, np.iscomplexobj, np.isrealobj, np.isin)
constant(math.isnan, math.isinf, math.isfinite, math.isclose, builtins.isinstance, builtins.callable, builtins.bool)

# integers and roundings
constant(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift, np.gcd, np.lcm)
constant(np.floor, np.ceil, np.trunc, np.rint, np.round, np.fix, np.sign, np.spacing, math.floor, math.ceil)
constant(math.trunc, math.gcd, math.lcm, math.factorial, math.comb, math.perm, math.isqrt, builtins.round, builtins.int)

constant(np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.bool_)

# constructors and shapes
constant(np.zeros, np.ones, np.empty, np.zeros_like, np.ones_like, np.empty_like, np.eye, np.identity, np.tri)
constant(
    builtins.slice,
    np.shape,
    np.size,
    np.ndim,
    np.dtype,
    np.result_type,
    np.finfo,
    np.iinfo,
    builtins.len,
    builtins.range,
)
constant(np.broadcast_shapes, np.may_share_memory, np.shares_memory, builtins.print, builtins.str, builtins.repr)
constant(np.array_equiv, np.isscalar, np.issubdtype, np.can_cast, np.promote_types, np.common_type, np.mask_indices)
constant(attempts.caught)
constant(math.ulp, cmath.isnan, cmath.isinf, cmath.isfinite, cmath.isclose)

# windows of a given length
constant(np.hanning, np.hamming, np.blackman, np.bartlett)
