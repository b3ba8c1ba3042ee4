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
    exceeds,
    last_written,
    power_slope,
    prod_of_others,
    scatter_add,
    tie_share,
    unbroadcast,
    written,
    xlogy,
    zeros_of,
)
from srcad_runtime.kernels_exponentials import log_softmax, logsumexp, softmax
from srcad_runtime.kernels_integers import difference, power, product, shifted, total
from srcad_runtime.kernels_math import fmod, modf, remainder
from srcad_runtime.kernels_products import dot, einsum, inner, matmul, tensordot
from srcad_runtime.kernels_reductions import all, any, max, mean, median, min, prod, ptp, std, sum, var
from srcad_runtime.kernels_shaping import (
    argsort,
    array_of,
    cumprod,
    diagonal,
    diff,
    heaviside,
    masked,
    pad,
    polyval,
    repeat,
    reshape,
    roll,
    set_masked,
    sort,
    tile,
    transpose,
)

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
    "exceeds",
    "fmod",
    "heaviside",
    "inner",
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
    "pad",
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
    "sort",
    "std",
    "sum",
    "tensordot",
    "tie_share",
    "tile",
    "total",
    "transpose",
    "unbroadcast",
    "var",
    "written",
    "xlogy",
    "zeros_of",
]
