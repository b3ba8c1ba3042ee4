"""The programs, as a NumPy or Numba user writes them."""
