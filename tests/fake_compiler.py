"""A stand-in for the compiler: hand-written kernels for a few functions, so that calling can be tested by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcad import errors, pipeline, specialise, types

NJIT = 'from numba import njit\n\n\n@njit(cache=True, error_model="numpy")\n'

QUADRATIC = {
    (): "def loss_primal(w, x, y):\n    r = x @ w - y\n    return (np.mean(r * r),)\n",
    ("reverse",): (
        "def loss_grad(w, x, y, out_bar=1.0):\n    r = x @ w - y\n"
        "    w_bar = x.T @ (2.0 * out_bar / r.size * r)\n    return np.mean(r * r), w_bar\n"
    ),
    ("forward",): (
        "def loss_jvp(w, x, y, w_dot):\n    r = x @ w - y\n    r_dot = x @ w_dot\n"
        "    return np.mean(r * r), np.mean(2.0 * r * r_dot)\n"
    ),
    ("reverse", "forward"): (
        "def loss_hvp(w, x, y, out_bar, w_dot):\n    r = x @ w - y\n    r_dot = x @ w_dot\n"
        "    w_bar = x.T @ (2.0 * out_bar / r.size * r)\n    w_bar_dot = x.T @ (2.0 * out_bar / r.size * r_dot)\n"
        "    return np.mean(r * r), w_bar, np.mean(2.0 * r * r_dot), w_bar_dot\n"
    ),
}


class FakeCompiler:
    """`pipeline.build` by table: function name -> `answer(request)`; `requests` records what was asked."""

    def __init__(self) -> None:
        self.requests: list[pipeline.Request] = []
        self.answers: dict[str, Callable[[pipeline.Request], pipeline.Generated]] = {}

    def build(self, request: pipeline.Request, keep_passes: bool = False) -> pipeline.Generated:
        self.requests.append(request)
        if request.target.module == "srcad_derivatives" and not request.modes:
            raise errors.Unsupported("the loop over a batch has no text here")
        return self.answers[request.target.name](request)

    def knows(self, name: str, texts: dict[tuple[str, ...], str], **facts: Any) -> None:
        """Answer for the function `name` with these texts by modes; facts as for `generated`."""
        self.answers[name] = lambda request: generated(request, text_of(texts, request.modes), **facts)


def text_of(texts: dict[tuple[str, ...], str], modes: tuple[str, ...]) -> str:
    if modes not in texts and {"batch", "split"} & set(modes):
        raise errors.Unsupported("this text has no such form")
    return texts[modes]


def generated(request: pipeline.Request, body: str, **facts: Any) -> pipeline.Generated:
    """Leaves of the parameters as inputs, floating leaves of `wrt` as differentiable, a float as the value."""
    entry = re.match(r"def (\w+)", body).group(1)  # type: ignore[union-attr]
    decorated = NJIT + body if request.backend == "numba" else body
    names = [p.name for p in request.target.parameters]
    found = [leaf for name, t in zip(names, request.arguments) for leaf in types.leaves(t, name)]
    inputs = tuple(pipeline.Input("param", path, name) for path, name, _ in found)
    wrt = tuple(
        pipeline.Input("param", path, name) for path, name, t in found if path[0] in request.wrt and types.is_float(t)
    )
    made = {"inputs": inputs, "wrt_leaves": wrt, "output": types.FLOAT, **facts}
    return pipeline.Generated(text=f"import numpy as np\n{decorated}", entry=entry, **made)


RNG = np.random.default_rng(3)
W, X, Y = RNG.normal(size=3), RNG.normal(size=(5, 3)), RNG.normal(size=5)
GRADIENT = 2.0 / 5 * X.T @ (X @ W - Y)


def loss(w, x, y):
    """Mean squared residual."""
    r = x @ w - y
    return np.mean(r * r)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> FakeCompiler:
    compiler = FakeCompiler()
    compiler.knows("loss", QUADRATIC)
    monkeypatch.setattr(pipeline, "build", compiler.build)
    monkeypatch.setattr(specialise, "_tables", {})
    monkeypatch.setattr(specialise, "_warned", set())
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(tmp_path / "cache"))
    return compiler
