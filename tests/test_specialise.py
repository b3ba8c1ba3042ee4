"""Which kernel answers a call: types, captured values, backends, errors of the model."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import srcad
from srcad import pipeline
from srcad.pipeline import Input
from tests.fake_compiler import GRADIENT, QUADRATIC, RNG, W, X, Y, generated, loss
from tests.fake_compiler import fake as fake

# ---- specialisation ----


def test_types_are_specialised_once(fake):
    g = srcad.grad(loss, backend="numpy")
    g(W, X, Y)
    g(W + 1.0, np.asfortranarray(X), Y[::-1])
    srcad.grad(loss, backend="numpy")(W, RNG.normal(size=(9, 3)), np.ones(9))
    assert len(fake.requests) == 1
    g(W.astype(np.float32), X, Y)
    g(W, X[:1], Y[:1])
    assert len(fake.requests) == 3


def test_a_gradient_has_the_arguments_dtype(fake):
    found = srcad.grad(loss, backend="numpy")(W.astype(np.float32), X, Y)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, GRADIENT, rtol=1e-5)


def test_layout_byte_order_and_read_only_arrays_do_not_matter(fake):
    x = np.asfortranarray(X)
    w = W.astype(W.dtype.newbyteorder())
    y = Y.copy()
    y.flags.writeable = False
    for backend in ("numpy", "numba"):
        found = srcad.grad(loss, backend=backend)(w, x, y)
        np.testing.assert_allclose(found, GRADIENT)
        assert found.dtype.isnative
    assert not y.flags.writeable


def test_baked_values_are_compared_at_every_call(fake):
    def power(x, n):
        return x**n

    def answer(request):
        known = {path: value for _, path, value in request.baked}
        if ("n",) not in known:
            raise pipeline.NeedValue("param", ("n",))
        n = known[("n",)]
        text = f"def power_grad(x, out_bar=1.0):\n    return x**{n}, {n} * x ** {n - 1} * out_bar\n"
        inputs = (Input("param", ("x",), "x"),)
        return generated(request, text, inputs=inputs, wrt_leaves=inputs, baked=request.baked)

    fake.answers["power"] = answer
    g = srcad.grad(power, backend="numpy")
    assert [g(2.0, n) for n in (2, 3, 2, 3)] == [4.0, 12.0, 4.0, 12.0]
    assert len(fake.requests) == 4  # two numbers, asked for and answered


SCALE = 2.0
KIND = "double"


def scaled(x):
    return SCALE * x


def test_captured_numbers_are_read_and_structure_is_compared(fake, monkeypatch):
    inputs = (Input("param", ("x",), "x"), Input("global", ("SCALE",), "SCALE"))
    text = "def scaled_grad(x, SCALE, out_bar=1.0):\n    return SCALE * x, SCALE * out_bar\n"
    wrt = inputs[:1]
    fake.answers["scaled"] = lambda request: generated(
        request, text, inputs=inputs, wrt_leaves=wrt, baked=(("global", ("KIND",), KIND),)
    )
    g = srcad.grad(scaled, backend="numpy")
    assert g(1.0) == 2.0
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert g(1.0) == 5.0 and len(fake.requests) == 1
    monkeypatch.setitem(globals(), "KIND", "other")
    assert g(1.0) == 5.0 and len(fake.requests) == 2
    monkeypatch.setitem(globals(), "SCALE", np.float32(1.0))  # another type of a captured value
    assert g(1.0) == 1.0 and len(fake.requests) == 3


def test_functions_made_again_share_their_kernels(fake):
    inputs = (Input("param", ("x",), "x"), Input("closure", ("a",), "a"))
    text = "def inner_grad(x, a, out_bar=1.0):\n    return a * x, a * out_bar\n"
    fake.answers["inner"] = lambda r: generated(r, text, inputs=inputs, wrt_leaves=inputs[:1])

    def make(a):
        def inner(x):
            return a * x

        return inner

    assert [srcad.grad(make(float(a)), backend="numpy")(1.0) for a in range(4)] == [0.0, 1.0, 2.0, 3.0]
    assert len(fake.requests) == 1


# ---- backends ----


def test_unknown_backends(fake):
    with pytest.raises(ValueError, match="numpyy"):
        srcad.grad(loss, backend="numpyy")(W, X, Y)
    with pytest.raises(ValueError, match="numpyy"):
        srcad.differentiate(backend="numpyy")


UNCOMPILABLE = {
    ("reverse",): (
        "def loss_grad(w, x, y, out_bar=1.0):\n    r = x @ w - y\n    np.einsum('i,i->', r, r)\n"
        "    w_bar = x.T @ (2.0 * out_bar / r.size * r)\n    return np.mean(r * r), w_bar\n"
    )
}


def test_auto_falls_back_to_numpy_with_one_warning(fake):
    fake.knows("loss", UNCOMPILABLE)
    g = srcad.grad(loss)
    with pytest.warns(
        srcad.PerformanceWarning, match=r"loss runs as plain NumPy: .*loss_grad.py:\d+: .*einsum"
    ) as seen:
        np.testing.assert_allclose(g(W, X, Y), GRADIENT)
    assert len(seen) == 1 and seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        g(W, X, Y)
        srcad.grad(loss)(W, X, Y)


def test_numba_alone_is_an_error(fake):
    fake.knows("loss", UNCOMPILABLE)
    with pytest.raises(srcad.Unsupported, match="einsum") as caught:
        srcad.grad(loss, backend="numba")(W, X, Y)
    assert caught.value.filename.endswith("loss_grad.py") and 'backend="numpy"' in str(caught.value)


def test_auto_answers_by_numpy_what_the_compiler_refuses(fake):
    def answer(request):
        if request.backend == "numba":
            raise srcad.Unsupported("no loops for this")
        return generated(request, QUADRATIC[request.modes])

    fake.answers["loss"] = answer
    with pytest.warns(srcad.PerformanceWarning, match="no loops for this"):
        np.testing.assert_allclose(srcad.grad(loss)(W, X, Y), GRADIENT)


def test_overflow_of_machine_integers_is_answered_by_numpy(fake):
    def answer(request):
        guard = "    if x > 0.0:\n        raise OverflowError('too large')\n" if request.backend == "numba" else ""
        return generated(request, f"def f_grad(x, out_bar=1.0):\n{guard}    return x, out_bar\n")

    def f(x):
        return x

    fake.answers["f"] = answer
    assert srcad.grad(f)(2.0) == 1.0
    with pytest.raises(OverflowError):
        srcad.grad(f, backend="numba")(2.0)


# ---- errors of the model ----


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_an_error_of_the_model_is_its_own(fake, backend):
    def check(x):
        if x < 0.0:
            print("seen")
            raise ValueError(f"negative: {x}")
        return x

    body = "    if x < 0.0:\n        raise ValueError('negative')\n    return x, out_bar\n"
    text = f"def check_grad(x, out_bar=1.0):\n{body}"
    fake.knows("check", {("reverse",): text})
    with pytest.raises(ValueError, match="negative: -1.0") as caught:
        srcad.grad(check, backend=backend)(-1.0)
    files = [entry.path.name for entry in caught.traceback]
    assert files[-1] == "test_specialise.py"  # the user's line
    assert caught.value.__cause__ is not None
    if hasattr(caught.value, "__notes__"):
        assert any("check_grad.py:" in note and "raise" in note for note in caught.value.__notes__)


def test_an_error_of_generated_code_alone_is_shown(fake, capsys):
    fake.knows("loss", {("reverse",): "def loss_grad(w, x, y, out_bar=1.0):\n    return 1.0, w[17]\n"})
    with pytest.raises(IndexError):
        srcad.grad(loss, backend="numpy")(W, X, Y)


def test_overlapping_arguments_of_which_one_is_written(fake):
    text = "def fill_grad(a, b, out_bar=1.0):\n    return a[0], a * 0.0\n"
    fake.knows("fill", {("reverse",): text}, written=("b",))

    def fill(a, b):
        b[:] = a
        return a[0]

    both = np.ones(6)
    with pytest.raises(ValueError, match="its argument b, which shares memory with a"):
        srcad.grad(fill, backend="numpy")(both[:4], both[2:])
    srcad.grad(fill, backend="numpy")(both[:3], both[3:])
    srcad.grad(fill, backend="numpy")(both[::2], both[1::2])  # interleaved, but no element in common
