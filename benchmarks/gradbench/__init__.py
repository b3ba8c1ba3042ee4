"""A tool for the public GradBench suite (github.com/gradbench/gradbench): `python -m benchmarks.gradbench`.

It reads messages as JSON lines from standard input and answers on standard output. The objectives are written as a
NumPy user writes them; every derivative comes from srcad.
"""
