"""The programs in JAX as an expert writes them: scans, library solvers, masked products, custom adjoints."""
