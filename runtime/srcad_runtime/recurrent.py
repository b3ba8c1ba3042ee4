"""Recurrent layers with torch's equations, gate order and parameter names, so that weights can be copied across.

A cell makes one step; a layer runs it over a sequence (time, batch, features) and returns the outputs of all steps and
the last state. The products with the inputs do not depend on the state and are formed for all steps at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from srcad_runtime.functional import linear, sigmoid
from srcad_runtime.initializers import Initializer, glorot_uniform, orthogonal

Array = NDArray[Any]
Params = dict[str, Any]


def rnn_init(
    rng: np.random.Generator,
    inputs: int,
    units: int,
    init: Initializer = glorot_uniform,
    recurrent_init: Initializer = orthogonal,
    dtype: Any = np.float64,
) -> Params:
    """Parameters of `rnn`: weight_ih (units, inputs), weight_hh (units, units), bias_ih and bias_hh (units,)."""
    return _gated_init(rng, 1, inputs, units, init, recurrent_init, dtype)


def lstm_init(
    rng: np.random.Generator,
    inputs: int,
    units: int,
    init: Initializer = glorot_uniform,
    recurrent_init: Initializer = orthogonal,
    forget_bias: float = 1.0,
    dtype: Any = np.float64,
) -> Params:
    """Parameters of `lstm`, as `rnn_init` with 4 * units rows: input, forget, cell and output gates.

    The forget gate starts open (Jozefowicz, Zaremba and Sutskever, 2015).
    """
    params = _gated_init(rng, 4, inputs, units, init, recurrent_init, dtype)
    params["bias_ih"][units : 2 * units] = forget_bias
    return params


def gru_init(
    rng: np.random.Generator,
    inputs: int,
    units: int,
    init: Initializer = glorot_uniform,
    recurrent_init: Initializer = orthogonal,
    dtype: Any = np.float64,
) -> Params:
    """Parameters of `gru`, as `rnn_init` with 3 * units rows: reset, update and new gates."""
    return _gated_init(rng, 3, inputs, units, init, recurrent_init, dtype)


# ---- one step ----


def rnn_cell(params: Params, x: Array, h: Array) -> Array:
    """``tanh(weight_ih @ x + bias_ih + weight_hh @ h + bias_hh)`` (Elman, 1990).

    Shapes: x (n, inputs), h (n, units); returns the next h.
    """
    return np.tanh(_from_input(params, x) + _from_state(params, h))


def lstm_cell(params: Params, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """One step of long short-term memory (Hochreiter and Schmidhuber, 1997; Gers et al., 2000).

    Shapes: x (n, inputs), h and c (n, units); returns the next (h, c).
    """
    units = _units(params, 4)
    return _lstm_step(_from_input(params, x) + _from_state(params, h), c, units)


def gru_cell(params: Params, x: Array, h: Array) -> Array:
    """One step of a gated recurrent unit (Cho et al., 2014), the reset gate behind the product, as in torch.

    Shapes: x (n, inputs), h (n, units); returns the next h.
    """
    units = _units(params, 3)
    return _gru_step(_from_input(params, x), _from_state(params, h), h, units)


# ---- sequences ----


def rnn(params: Params, x: Array, h: Array | None = None) -> tuple[Array, Array]:
    """`rnn_cell` over a sequence: x (t, n, inputs), h (n, units) give the outputs (t, n, units) and the last h."""
    units = _units(params, 1)
    h = _start(x, units, h)
    entered = _from_input(params, x)
    outputs = np.empty((x.shape[0], x.shape[1], units), x.dtype)
    for t in range(x.shape[0]):
        h = np.tanh(entered[t] + _from_state(params, h))
        outputs[t] = h
    return outputs, h


def lstm(params: Params, x: Array, h: Array | None = None, c: Array | None = None) -> tuple[Array, tuple[Array, Array]]:
    """`lstm_cell` over a sequence: x (t, n, inputs), h and c (n, units).

    Returns the outputs (t, n, units) and the last (h, c).
    """
    units = _units(params, 4)
    h, c = _start(x, units, h), _start(x, units, c)
    entered = _from_input(params, x)
    outputs = np.empty((x.shape[0], x.shape[1], units), x.dtype)
    for t in range(x.shape[0]):
        h, c = _lstm_step(entered[t] + _from_state(params, h), c, units)
        outputs[t] = h
    return outputs, (h, c)


def gru(params: Params, x: Array, h: Array | None = None) -> tuple[Array, Array]:
    """`gru_cell` over a sequence: x (t, n, inputs), h (n, units) give the outputs (t, n, units) and the last h."""
    units = _units(params, 3)
    h = _start(x, units, h)
    entered = _from_input(params, x)
    outputs = np.empty((x.shape[0], x.shape[1], units), x.dtype)
    for t in range(x.shape[0]):
        h = _gru_step(entered[t], _from_state(params, h), h, units)
        outputs[t] = h
    return outputs, h


# ---- what they share ----


def _gated_init(
    rng: np.random.Generator,
    gates: int,
    inputs: int,
    units: int,
    init: Initializer,
    recurrent_init: Initializer,
    dtype: Any,
) -> Params:
    """Each gate is initialised as a matrix of its own."""
    return {
        "weight_ih": np.concatenate([init(rng, (units, inputs), dtype) for _ in range(gates)]),
        "weight_hh": np.concatenate([recurrent_init(rng, (units, units), dtype) for _ in range(gates)]),
        "bias_ih": np.zeros(gates * units, dtype),
        "bias_hh": np.zeros(gates * units, dtype),
    }


def _from_input(params: Params, x: Array) -> Array:
    return linear(x, params["weight_ih"], params["bias_ih"])


def _from_state(params: Params, h: Array) -> Array:
    return linear(h, params["weight_hh"], params["bias_hh"])


def _start(x: Array, units: int, state: Array | None) -> Array:
    """The given state, or zeros (n, units)."""
    return np.zeros((x.shape[1], units), x.dtype) if state is None else state


def _units(params: Params, gates: int) -> int:
    """How many units the layer has.

    Raises:
        ValueError: if the weights are not those of a layer with so many gates.
    """
    inner, outer = params["weight_hh"], params["weight_ih"]
    units: int = inner.shape[1]
    if inner.shape[0] != gates * units:
        raise ValueError(f"weight_hh {inner.shape} is not that of a layer with {gates} gates")
    if outer.shape[0] != gates * units:
        raise ValueError(f"weight_ih {outer.shape} does not fit {gates} gates of {units} units")
    return units


def _lstm_step(gates: Array, c: Array, units: int) -> tuple[Array, Array]:
    i = sigmoid(gates[:, :units])
    f = sigmoid(gates[:, units : 2 * units])
    g = np.tanh(gates[:, 2 * units : 3 * units])
    o = sigmoid(gates[:, 3 * units : 4 * units])
    c = f * c + i * g
    return o * np.tanh(c), c


def _gru_step(entered: Array, kept: Array, h: Array, units: int) -> Array:
    r = sigmoid(entered[:, :units] + kept[:, :units])
    z = sigmoid(entered[:, units : 2 * units] + kept[:, units : 2 * units])
    new = np.tanh(entered[:, 2 * units : 3 * units] + r * kept[:, 2 * units : 3 * units])
    return new + z * (h - new)
