"""What Numba lacks: NumPy functions and arguments that generated code needs and compiled code cannot have otherwise.

Importing this module also tells Numba how to compile the helpers of `srcad_runtime.arrays`. Each function has NumPy's
name, values and errors; called from Python it is NumPy's. Only code compiled with Numba imports it.
"""

from __future__ import annotations

from srcad_runtime import kernels_arrays
from srcad_runtime.arrays import (
    add_at,
    add_items,
    astype,
    empty_list,
    exceeds,
    last_written,
    pieces,
    power_slope,
    prod_of_others,
    scatter_add,
    tie_share,
    unbroadcast,
    written,
    xlogy,
    zeros_of,
)
from srcad_runtime.kernels_along import argsort, cumprod, diff, repeat, roll, sort
from srcad_runtime.kernels_exponentials import log_softmax, logsumexp, softmax
from srcad_runtime.kernels_integers import (
    difference,
    fitting,
    natural,
    naturals,
    power,
    product,
    shifted,
    total,
    whole,
    wide,
)
from srcad_runtime.kernels_lists import array_of, joined
from srcad_runtime.kernels_math import fmod, modf, remainder
from srcad_runtime.kernels_products import dot, einsum, inner, matmul, solve, tensordot
from srcad_runtime.kernels_reductions import all, any, max, mean, median, min, prod, ptp, std, sum, var
from srcad_runtime.kernels_shaping import (
    diagonal,
    heaviside,
    masked,
    pad,
    polyval,
    reshape,
    set_masked,
    squeeze,
    tile,
    transpose,
)
from srcad_runtime.kernels_sliding import windows, windows_sum

__all__ = [
    "add_at",
    "add_items",
    "all",
    "any",
    "argsort",
    "array_of",
    "astype",
    "cumprod",
    "diagonal",
    "diff",
    "difference",
    "dot",
    "einsum",
    "empty_list",
    "exceeds",
    "fitting",
    "fmod",
    "heaviside",
    "inner",
    "joined",
    "kernels_arrays",
    "last_written",
    "log_softmax",
    "logsumexp",
    "masked",
    "matmul",
    "max",
    "mean",
    "median",
    "min",
    "modf",
    "natural",
    "naturals",
    "pad",
    "pieces",
    "polyval",
    "power",
    "power_slope",
    "prod",
    "prod_of_others",
    "product",
    "ptp",
    "remainder",
    "repeat",
    "reshape",
    "roll",
    "scatter_add",
    "set_masked",
    "shifted",
    "softmax",
    "solve",
    "sort",
    "squeeze",
    "std",
    "sum",
    "tensordot",
    "tie_share",
    "tile",
    "total",
    "transpose",
    "unbroadcast",
    "var",
    "whole",
    "wide",
    "windows",
    "windows_sum",
    "written",
    "xlogy",
    "zeros_of",
]
