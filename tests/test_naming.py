"""Fresh names: deterministic, never taken, never a keyword or a builtin."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcad.naming import Names, leaf_name
from tests import generating
from tests.programs import registry


def test_the_notation() -> None:
    names = Names({"x"})
    assert [names.bar("x"), names.dot("x"), names.saved("x"), names.fresh("g")] == ["x_bar", "x_dot", "x_saved", "g"]


def test_a_clash_gets_a_trailing_underscore_and_then_a_number() -> None:
    names = Names({"x_bar"})
    assert [names.bar("x"), names.bar("x"), names.bar("x_")] == ["x_bar_", "x_bar_2", "x_bar_3"]
    assert [names.bar("y"), names.bar("y_"), names.dot("y_2")] == ["y_bar", "y_bar_", "y_2_dot"]
    names.take({"g"})
    assert names.fresh("g") == "g_" and "g_" in names


@pytest.mark.parametrize("word", ["lambda", "sum", "range", "np", "cp", "None", "print"])
def test_words_that_generated_code_needs_are_not_given_out(word: str) -> None:
    assert Names().fresh(word) == f"{word}_"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("params", "w"), "params_w"),
        (("layers", 0, 1), "layers_0_1"),
        (("params", "layer 1.weight"), "params_layer_1_weight"),
        ((0, "w"), "_0_w"),
        (("params", ""), "params"),
        (("", "?"), "leaf"),
    ],
)
def test_leaves_of_containers(path: tuple[object, ...], name: str) -> None:
    assert leaf_name(path) == name
    assert Names({name}).leaf(path) == f"{name}_"


@given(st.lists(st.lists(st.text() | st.integers(), max_size=3), max_size=8))
def test_every_leaf_gets_an_identifier_of_its_own(paths: list[list[object]]) -> None:
    names = Names()
    given_out = [names.leaf(path) for path in paths]
    assert len(set(given_out)) == len(given_out)
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in given_out)


def test_parts_of_hidden_variables_do_not_tell_the_file_that_they_come_from():
    (program,) = registry.programs("run_time_lists.pairs_sliced_and_joined")
    text = generating.make(program, ("reverse",)).generated.text
    assert "item_0 = " in text
    assert "run_time_lists_py" not in text and "corpus" not in text
