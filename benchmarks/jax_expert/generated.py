"""The generated programs with jax.numpy for numpy."""

from benchmarks.programs.generated import LENGTHS, load

globals().update({f"statements_{length}": load(length, "jax.numpy") for length in LENGTHS})
