"""The programs in JAX as first written: the same loops, with `fori_loop` for `for` and `.at[]` for writes."""
