"""The types of the runtime's layers and losses, spelt out: calling them on small arrays cannot find their shapes.

Importing this module adds them to `signatures.SIGNATURES`. An extent that depends on strides, padding or a kernel's
size is unknown.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from srcad.abstract import Abstract, Num, Static
from srcad.dims import Dim
from srcad.shapes import Assumptions, Dims, same
from srcad.signatures import SIGNATURES, extents, places_of

Shape = Callable[..., "Dims | None"]


def _shape(path: str, parameters: str, values: str = "") -> Callable[[Shape], Shape]:
    """Register how a function's shape follows from its parameters, given by name.

    values: the arrays whose types decide the result's (default: the first parameter).
    """
    names = tuple(parameters.split())
    deciding = tuple(values.split()) or names[:1]

    def register(shape: Shape) -> Shape:
        def rule(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
            given = {**dict(zip(names, args, strict=False)), **kwargs}
            numbers = [t for name in deciding if isinstance(t := given.get(name), Num)]
            dtypes = [t.dtype for t in numbers]
            if len(numbers) != len(deciding) or not all(d and np.dtype(d).kind == "f" for d in dtypes):
                return None
            dims = shape({n: given.get(n, Static(None)) for n in names}, noted)
            return None if dims is None else Num(np.result_type(*(d for d in dtypes if d)).name, dims)

        SIGNATURES[f"srcad_runtime.{path}"] = rule
        return shape

    return register


Given = dict[str, Abstract]


def _dims(t: Abstract, rank: int | None = None) -> Dims:
    """The extents of an array; unknown ones if its rank is not known."""
    dims = t.dims if isinstance(t, Num) else None
    if dims is not None and (rank is None or len(dims) == rank):
        return dims
    return (None,) * (rank or 0)


def _two(t: Abstract) -> Dims:
    """An option for height and width as two extents."""
    dims = extents(t)
    if dims is None or len(dims) not in (1, 2):
        return (None, None)
    return dims * 2 if len(dims) == 1 else dims


# ---- as the first argument ----


def _like(name: str) -> Shape:
    def shape(given: Given, noted: Assumptions) -> Dims | None:
        t = given[name]
        return t.dims if isinstance(t, Num) else None

    return shape


for _name in ("erf", "relu", "leaky_relu", "elu", "gelu", "gelu_partial", "sigmoid", "silu", "softplus"):
    _shape(f"activations.{_name}", "x")(_like("x"))
for _name in ("softmax", "log_softmax"):
    _shape(f"activations.{_name}", "x axis")(_like("x"))
for _name, _parameters in {
    "diagonal_adjoint": "a g",
    "repeat_adjoint": "a g",
    "tile_adjoint": "a g",
    "take_adjoint": "a indices axis g",
    "take_along_axis_adjoint": "a indices axis g",
    "pad_adjoint": "a width mode g",
    "quantile_adjoint": "a q axis method skip_nan g",
    "cumprod_adjoint": "a g axis",
    "prod_of_others_adjoint": "a axis g",
    "windows_adjoint": "a axes g",
}.items():
    _shape(_name, _parameters, "a g")(_like("a"))
_shape("attention.masked_softmax", "scores allowed")(_like("scores"))
_shape("normalization.standardize", "x eps")(_like("x"))
_shape("normalization.standardize_pullback", "x y v eps", "x v")(_like("x"))
_shape("pooling.max_pool2d_pullback", "x largest g", "g")(_like("x"))
_shape("pooling.max_pool2d_pushforward", "x largest v", "v")(_like("largest"))
_shape("functional.embedding_pullback", "indices weight g", "g")(_like("weight"))
_shape("losses.sparse_cross_entropy_partials", "logits labels")(_like("logits"))
_shape("losses.sparse_cross_entropy_curvature", "logits labels v")(_like("logits"))
_shape("ctc.ctc_partials", "log_probs labels")(_like("log_probs"))


@_shape("quantile_tangent", "a q axis method skip_nan moves")
@_shape("quantile_slope", "a q axis method skip_nan")
def _quantiles(given: Given, noted: Assumptions) -> Dims | None:
    """One row for each place."""
    places = places_of(given["q"])
    return None if places is None else ((places or (Dim(1),))[0] if len(places) < 2 else None, None)


# ---- products, tables, losses ----


@_shape("functional.linear", "x weight bias", "x weight")
def _linear(given: Given, noted: Assumptions) -> Dims | None:
    x, weight = given["x"], _dims(given["weight"], 2)
    if not isinstance(x, Num) or not x.dims:
        return None
    same(x.dims[-1], weight[1], noted)
    if isinstance(given["bias"], Num):
        same(weight[0], _dims(given["bias"], 1)[0], noted)
    return (*x.dims[:-1], weight[0])


@_shape("along.product", "x a", "x a")
def _product_along(given: Given, noted: Assumptions) -> Dims:
    n, k, directions = _dims(given["x"], 3)
    rows, m = _dims(given["a"], 2)
    same(k, rows, noted)
    return (n, m, directions)


@_shape("along.product_of", "a x", "a x")
def _product_of_along(given: Given, noted: Assumptions) -> Dims:
    k, m, directions = _dims(given["x"], 3)
    a = given["a"]
    lead = a.dims if isinstance(a, Num) and a.dims else (None,)
    same(lead[-1], k, noted)
    return (*lead[:-1], m, directions)


@_shape("functional.embedding", "indices weight", "weight")
def _embedding(given: Given, noted: Assumptions) -> Dims | None:
    indices = given["indices"]
    if not isinstance(indices, Num) or indices.dims is None:
        return None
    return (*indices.dims, _dims(given["weight"], 2)[1])


@_shape("losses.sparse_cross_entropy", "logits labels smoothing weight ignore_index")
def _sparse_cross_entropy(given: Given, noted: Assumptions) -> Dims:
    return _dims(given["logits"], 2)[:1]


@_shape("losses.label_sums", "h labels")
def _label_sums(given: Given, noted: Assumptions) -> Dims:
    return _dims(given["h"], 2)[1:]


@_shape("ctc.ctc_losses", "log_probs labels")
def _ctc_losses(given: Given, noted: Assumptions) -> Dims:
    return _dims(given["log_probs"], 3)[1:2]


# ---- images ----


@_shape("convolution.conv2d", "x weight bias stride padding dilation groups", "x weight")
def _conv2d(given: Given, noted: Assumptions) -> Dims:
    x, weight = _dims(given["x"], 4), _dims(given["weight"], 4)
    if _one_group(given):
        same(x[1], weight[1], noted)
    if isinstance(given["bias"], Num):
        same(weight[0], _dims(given["bias"], 1)[0], noted)
    return (x[0], weight[0], None, None)


@_shape("convolution.conv2d_input_pullback", "weight g size stride padding dilation groups", "weight g")
def _conv2d_input_pullback(given: Given, noted: Assumptions) -> Dims:
    channels = _dims(given["weight"], 4)[1]
    return (_dims(given["g"], 4)[0], channels if _one_group(given) else None, *_two(given["size"]))


@_shape("convolution.conv2d_weight_pullback", "x g kernel stride padding dilation groups", "x g")
def _conv2d_weight_pullback(given: Given, noted: Assumptions) -> Dims:
    channels = _dims(given["x"], 4)[1]
    return (_dims(given["g"], 4)[1], channels if _one_group(given) else None, *_two(given["kernel"]))


def _one_group(given: Given) -> bool:
    groups = extents(given["groups"])
    return given["groups"] == Static(None) or groups is not None and groups[0] is not None and groups[0].const == 1


@_shape("pooling.max_pool2d", "x kernel_size")
def _max_pool2d(given: Given, noted: Assumptions) -> Dims:
    return (*_dims(given["x"], 4)[:2], None, None)


@_shape("pooling.avg_pool2d", "x kernel_size")
def _avg_pool2d(given: Given, noted: Assumptions) -> Dims:
    return (*_dims(given["x"], 4)[:2], None, None)


@_shape("pooling.avg_pool2d_pullback", "g size")
def _avg_pool2d_pullback(given: Given, noted: Assumptions) -> Dims:
    return (*_dims(given["g"], 4)[:2], *_two(given["size"]))


@_shape("pooling.adaptive_avg_pool2d", "x output_size")
def _adaptive_avg_pool2d(given: Given, noted: Assumptions) -> Dims:
    return (*_dims(given["x"], 4)[:2], *_two(given["output_size"]))


@_shape("pooling.adaptive_avg_pool2d_pullback", "g size")
def _adaptive_avg_pool2d_pullback(given: Given, noted: Assumptions) -> Dims:
    return (*_dims(given["g"], 4)[:2], *_two(given["size"]))


def _inserted_order(args: list[Abstract], kwargs: dict[str, Abstract], noted: Assumptions) -> Abstract | None:
    """As many places as there are elements and new ones together."""
    counts = [t.number if isinstance(t, Num) else None for t in (args[0], args[2])]
    total = None if counts[0] is None or counts[1] is None else counts[0] + counts[1]
    return Num("int64", (total,))


SIGNATURES["srcad_runtime.inserted_order"] = _inserted_order
