"""Requests that no function can answer: what is asked for is not there, or does not fit."""

import numpy as np

from tests.errors.registry import gradient, refused


def two():
    return np.array([1.0, 2.0]), 3.0


def product(x, s):
    return np.sum(x * x) * s


def _ask(name, *extra, **options):
    def ask(fn, args):
        import srcad

        return getattr(srcad, name)(fn, *extra, **options)(*args)

    return ask


def _jvp(*tangents):
    def ask(fn, args):
        import srcad

        return srcad.jvp(fn, args, tangents, backend="numpy")

    return ask


def _pull(seed, **options):
    def ask(fn, args):
        import srcad

        _, pull = srcad.vjp(fn, *args, backend="numpy", **options)
        return pull(seed)

    return ask


def _filled(out, x):
    out[:] = x * x


def _buffers():
    return np.zeros(2), np.array([1.0, 2.0])


refused(two, gradient(2), name="position_out_of_range")(product)
refused(two, gradient("y"), name="unknown_parameter_name")(product)
refused(two, _ask("grad", argnums=0.5), name="position_is_not_an_integer")(product)
refused(two, _ask("grad", backend="fortran"), name="unknown_backend")(product)
refused(two, _jvp(np.ones(3), 1.0), name="tangent_of_another_shape")(product)
refused(two, _jvp(np.ones(2)), name="too_few_tangents")(product)
refused(two, _jvp({"x": np.ones(2)}, 1.0), name="tangent_of_another_structure")(product)
refused(two, _pull(np.ones(2)), name="seed_of_another_shape")(product)
refused(_buffers, _pull(np.ones(2), outputs=("y",)), name="unknown_output")(_filled)
refused(_buffers, _pull(np.ones(2), outputs=("x",)), name="output_that_is_not_written")(_filled)
refused(lambda: (2.0,), name="not_a_function")(3.0)
refused(lambda: (2.0,), name="a_class")(dict)
refused(lambda: (), name="missing_argument")(product)
refused(lambda: (1.0, 2.0, 3.0), name="too_many_arguments")(product)
