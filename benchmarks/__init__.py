"""Peers side by side on the same work: `python -m benchmarks` measures, checks and writes RESULTS.md.

    programs/        the programs, restated from their published definitions as a NumPy user writes them
    by_hand/         good hand-written Numba primals and adjoints: the limit
    jax_beginner/    the same programs in JAX, loops transliterated with fori_loop and .at[]
    jax_expert/      the same programs in JAX, rewritten for XLA: scans, library solvers, masked products
    torch_eager/     the same programs in PyTorch, where one would write them in PyTorch
    dace_ad/         the text of the programs with DaCe's types, for its automatic differentiation
    casadi_fold/     programs that step in time in CasADi
    figures/         what was measured, a file for each program; RESULTS.md and results.png are made from them

A function has its program's name and arguments everywhere, except that in `by_hand` it returns the value and the
gradients, and `<name>_primal` is the primal alone.
"""
