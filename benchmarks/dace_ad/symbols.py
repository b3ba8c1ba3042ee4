"""Extents of arrays."""

import dace

N = dace.symbol("N")
M = dace.symbol("M")
T = dace.symbol("T")
