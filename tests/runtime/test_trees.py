"""Nested parameters: what a leaf is, building alike, matching by structure, naming the place of a difference."""

from __future__ import annotations

import collections
import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srcad_runtime import trees


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclasses.dataclass(frozen=True)
class Checked:
    w: Any
    name: str = "layer"

    def __post_init__(self) -> None:
        if isinstance(self.w, str):
            raise ValueError("a gradient need not pass the constructor's checks")


TREES = st.recursive(
    st.floats(allow_nan=False) | st.integers() | st.booleans() | st.none() | st.text(max_size=2),
    lambda t: (
        st.lists(t, max_size=3)
        | st.lists(t, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=2), t, max_size=3)
        | st.builds(Pair, t, t)
        | st.builds(Checked, t.filter(lambda w: not isinstance(w, str)), st.just("n"))
    ),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(TREES)
def test_leaves_and_structure_make_the_tree(tree: Any) -> None:
    leaves, structure = trees.flatten(tree)
    assert trees.unflatten(structure, leaves) == tree
    assert trees.map(lambda x: x, tree) == tree
    assert [leaf for _, leaf in trees.paths(tree)] == leaves == [leaf for (leaf,) in trees.together(tree)]
    assert trees.same_structure(tree, trees.map(lambda x: 0.0, tree))


def test_paths_are_python() -> None:
    tree = {"layers": [Pair(np.zeros(2), 1.0)], 3: Checked((2.0,))}
    found = {}
    for path, leaf in trees.paths(tree):
        found[path] = leaf
        assert eval(f"tree{path}", {"tree": tree}) is leaf
    assert list(found) == ["['layers'][0].a", "['layers'][0].b", "[3].w[0]"]


def test_dicts_match_by_key_and_keep_their_order() -> None:
    assert list(trees.map(lambda a, b: a - b, {"x": 3, "y": 2}, {"y": 1, "x": 1}).items()) == [("x", 2), ("y", 1)]
    ordered = collections.OrderedDict(a=1.0)
    assert type(trees.map(lambda x: x, ordered)) is collections.OrderedDict
    assert trees.map(lambda x: x, collections.defaultdict(list, a=1.0))["b"] == []


def test_structure_is_not_a_leaf() -> None:
    tree = {"w": 1.0, "name": "dense", "act": np.tanh, "none": None}
    assert trees.leaves(tree) == [1.0]
    assert trees.map(lambda x: x + 1, tree) == {**tree, "w": 2.0}
    assert trees.map(lambda w, g: g, tree, {"w": 5.0, "name": None, "act": None, "none": None})["act"] is np.tanh


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ({"w": [1.0]}, {"v": [1.0]}, r"at the top: \['w'\] against \['v'\]"),
        ({"w": [1.0]}, {"w": [1.0, 2.0]}, r"at \['w'\]"),
        ({"w": Pair(1.0, (2.0,))}, {"w": Pair(1.0, 2.0)}, r"at \['w'\].b: a tuple against a float"),
        ([1.0], np.zeros(1), r"a list against an array \(1,\)"),
    ],
)
def test_a_difference_is_named(a: Any, b: Any, words: str) -> None:
    for call in (lambda: trees.map(lambda x, y: x, a, b), lambda: trees.together(a, b)):
        with pytest.raises(ValueError, match=words):
            call()
    assert not trees.same_structure(a, b)


def test_a_prefix_stands_for_everything_below() -> None:
    assert trees.map(lambda m, x: x if m else None, (True, False), ({"a": 1}, [2])) == ({"a": 1}, None)
    assert not trees.same_structure((1.0,), ([1.0],))


def test_leaf_counts() -> None:
    for leaves, words in (([1.0], "too few"), ([1.0, 2.0, 3.0], "too many")):
        with pytest.raises(ValueError, match=words):
            trees.unflatten((0, 0), leaves)


def test_small_helpers() -> None:
    tree = {"w": np.ones((2, 3), np.float32), "b": 1.0}
    copy = trees.copy(tree)
    assert copy["w"] is not tree["w"] and isinstance(copy["b"], np.ndarray)
    assert trees.zeros_like(tree)["w"].dtype == np.float32 and trees.size(tree) == 7
    assert trees.describe(tree, "p") == "p['w'] (2, 3) float32, p['b'] () float64"
    assert trees.describe((), "p") == "p (empty)"


def test_reader_gives_the_leaves_of_trees_of_one_structure() -> None:
    a, b, c = np.ones(2), np.zeros((2, 2)), np.array(3.0)
    like = {"w": [a, (b, {1: c})], ("odd", "key"): Pair(a, b)}
    read = trees.reader(like)
    found = read(like)
    assert [id(x) for x in found] == [id(x) for x in trees.leaves(like)] and len(found) == 5
    other = {("odd", "key"): Pair(b, c), "w": [b, (c, {1: a})]}
    assert [id(x) for x in read(other)] == [id(x) for x in (b, c, a, b, c)]
    for wrong in (
        {**like, "more": a},
        {"w": like["w"], "v": like[("odd", "key")]},
        {**like, "w": [a, (b, {1: 2.0})]},
        {**like, "w": [a, (b, {1: [c]})]},
        {**like, "w": (a, (b, {1: c}))},
        {**like, ("odd", "key"): (a, b)},
        {**like, "w": [a]},
        a,
        None,
    ):
        assert read(wrong) == ()
    assert trees.reader({"w": 1.0})({"w": 1.0}) == ()
    assert trees.reader(np.ones(1))(a) == (a,)
