"""Saved and emitted files answer for the arguments that they were made for, and raise for others."""

from __future__ import annotations

import enum
import inspect
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import srcad
from srcad import abstract, emit, emitting
from srcad.config import Config
from srcad.guards import Guards

X, M = np.array([1.0, 2.0, 3.0]), np.arange(4.0).reshape(2, 2)


def chosen(x, mode):
    return np.sum(x**2) if mode == "sq" else np.sum(x**3)


def of_tuple(p):
    return sum(p) * p[0]


def biased(x, bias=None):
    return np.sum(x * x) if bias is None else np.sum(x * x + bias)


def along(x, axis=None):
    return np.sum(np.sum(x**3, axis=axis) ** 2)


def of_dict(x, d):
    return x * sum(d[k] for k in d)


def first_of(d):
    return next(iter(d.values())) ** 2


def lengthy(x, others):
    return x * len(others)


def of_many(x, *rest, **named):
    return x * sum(rest) * named["a"]


class Kind(enum.IntEnum):
    SQUARE = 2
    CUBE = 3


def of_kind(x, kind=Kind.CUBE):
    return x**2 if kind == Kind.SQUARE else x**3


def saved(folder: Path, f: Any, backend: str, *args: Any, **kwargs: Any) -> Any:
    """The function of the file saved for a call, which gives there what the interface gives."""
    own = srcad.differentiate(backend=backend)(f)
    text = own.save(folder / "saved.py", *args, **kwargs).read_text()
    space: dict[str, Any] = {}
    exec(text.replace("cache=True, ", ""), space)
    made = space[f"{f.__name__}_grad"]
    value, gradient = srcad.value_and_grad(f, backend=backend)(*args, **kwargs)
    found = made(*args, **kwargs)
    np.testing.assert_allclose(found[0], value)
    for got, expected in zip(_leaves(found[1]), _leaves(gradient), strict=True):
        np.testing.assert_allclose(got, expected)
    return made


def _leaves(value: Any) -> list[Any]:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else None
    return [value] if items is None else [leaf for item in items for leaf in _leaves(item)]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize(
    ("f", "right", "wrong", "message"),
    [
        (chosen, (X, "sq"), [(X, "cube"), (X, None)], "mode='sq'"),
        (of_tuple, ((1.0, 2.0),), [((1.0, 2.0, 3.0),), ((1.0,),)], "len(p) == 2"),
        (biased, (X, None), [(X, 1.0), (X, X)], "bias=None"),
        (along, (M, 0), [(M, 1), (M, None), (M, (0, 1))], "axis=0"),
        (along, (M, None), [(M, 1), (M, (0, 1))], "axis=None"),
        (along, (M, (0, 1)), [(M, 1), (M, None), (M, (1,))], "axis=(0, 1)"),
        (of_dict, (2.0, {"a": 1.0}), [(2.0, {"a": 1.0, "b": 2.0}), (2.0, {"b": 1.0})], "list(d) == ['a']"),
        (first_of, ({"a": 1.0, "b": 2.0},), [({"b": 2.0, "a": 1.0},)], "list(d) == ['a', 'b']"),
        (lengthy, (2.0, [1.0, 2.0]), [(2.0, [1.0])], "len(others) == 2"),
        (of_kind, (2.0, Kind.SQUARE), [(2.0, Kind.CUBE), (2.0, 3)], "kind=2"),
    ],
)
def test_other_arguments_raise(tmp_path: Path, backend: str, f: Any, right: Any, wrong: Any, message: str) -> None:
    made = saved(tmp_path, f, backend, *right)
    for other in wrong:
        with pytest.raises(ValueError, match=rf"^{f.__name__}_grad: this is made for {re.escape(message)}$"):
            made(*other)


def test_numbers_that_decide_the_structure(tmp_path: Path) -> None:
    for axis in (0, np.int64(0)):
        made = saved(tmp_path, along, "numpy", M, axis)
        with pytest.raises(ValueError, match="axis=0"):
            made(M, 1)


def test_more_arguments_by_position_and_by_name(tmp_path: Path) -> None:
    made = saved(tmp_path, of_many, "numpy", 1.0, 2.0, 3.0, a=4.0)
    with pytest.raises(ValueError, match=r"len\(rest\) == 2"):
        made(1.0, 2.0, a=4.0)
    with pytest.raises(ValueError, match="'a'"):
        made(1.0, 2.0, 3.0, a=4.0, b=5.0)


def test_a_default_is_the_value_that_the_file_is_made_for(tmp_path: Path) -> None:
    made = saved(tmp_path, along, "numpy", M, axis=0)
    assert inspect.signature(made).parameters["axis"].default == 0
    np.testing.assert_array_equal(made(M)[1], made(M, 0)[1])


def test_a_default_of_another_type_is_none(tmp_path: Path) -> None:
    def both(x, bias=None, p=(1.0, 2.0), q=1.0):
        return np.sum(x * x + bias) * sum(p) * np.sum(q)

    parameters = inspect.signature(saved(tmp_path, both, "numpy", X, 1.0, (1.0, 3.0), X)).parameters
    assert [parameters[name].default for name in ("bias", "p", "q")] == [inspect.Parameter.empty] * 3
    made = saved(tmp_path, both, "numpy", X, 1.0, (1.0, 3.0), 2.0)
    assert [p.default for p in inspect.signature(made).parameters.values()][2:] == [(1.0, 2.0), 1.0, 1.0]


def test_functions_and_objects_that_are_not_needed_are_left_out(tmp_path: Path) -> None:
    def through(x, h, y=2.0):
        return h(x) * y

    own = srcad.differentiate(backend="numpy")(through)
    space: dict[str, Any] = {}
    exec(own.save(tmp_path / "saved.py", 1.0, np.cos, 3.0).read_text(), space)
    np.testing.assert_allclose(space["through_grad"](1.0, y=3.0), (3.0 * np.cos(1.0), -3.0 * np.sin(1.0)))
    with pytest.raises(TypeError):
        space["through_grad"](1.0, h=np.sin)
    model = SimpleNamespace(rate=2.0)
    own = srcad.differentiate(backend="numpy")(lambda x, model: x * model.rate)
    exec(own.save(tmp_path / "saved.py", 1.0, model).read_text(), space)
    assert space["function_grad"](1.0) == (2.0, 2.0)


def test_truth_values_inf_and_nan(tmp_path: Path) -> None:
    def flagged(x, n, flag):
        return np.sum(x, axis=n, keepdims=flag).sum() * 3.0

    with pytest.raises(ValueError, match="flag=True"):
        saved(tmp_path, flagged, "numpy", M, 0, True)(M, 0, False)
    baked = {("x",): float("inf"), ("y",): float("nan"), ("z",): np.True_}
    own = Guards("f", {"x": abstract.FLOAT, "y": abstract.FLOAT, "z": abstract.BOOL}, baked, ())
    assert [line for line in emit.statements(own.statements()) if line.startswith("if")] == [
        'if str(x) != "inf":',
        'if str(y) != "nan":',
        'if str(z) != "True":',
    ]


# ---- emitted ----

TEXT = """\
import numpy as np

def along(x, axis=0):
    return np.sum(np.sum(x**3, axis=axis) ** 2)

def of_dict(x, d):
    return x * sum(d[k] for k in d)
"""


def emitted(function: str, types: str) -> Any:
    job = emitting.Job("<stdin>", TEXT, function, Config(types=types))
    space: dict[str, Any] = {}
    exec(emitting.emit(job), space)
    return space[f"{function}_grad"]


def test_emitted_files_are_made_for_defaults_and_types() -> None:
    made = emitted("along", "x=f8[:,:]")
    np.testing.assert_allclose(made(M)[1], srcad.grad(along, backend="numpy")(M, 0))
    with pytest.raises(ValueError, match="axis=0"):
        made(M, axis=1)
    made = emitted("of_dict", "x=float, d={a: float, b: float}")
    assert made(2.0, {"a": 1.0, "b": 2.0}) == (6.0, 3.0)
    with pytest.raises(ValueError, match="'a', 'b'"):
        made(2.0, {"a": 1.0, "b": 2.0, "c": 3.0})
