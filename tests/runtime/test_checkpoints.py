"""Checkpoints: exact round trips, readable by safetensors, whole or not there, one error for whatever is wrong."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from srcad_runtime import checkpoints, optimizers, trees
from srcad_runtime.checkpoints import CheckpointError


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclasses.dataclass(frozen=True)
class Model:
    w: Any
    name: str


def same(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, (tuple, list)):
        assert len(a) == len(b)
        for x, y in zip(a, b):
            same(x, y)
    elif dataclasses.is_dataclass(a):
        same(vars(a), vars(b))
    else:
        assert a == b or (a != a and b != b)


ARRAYS = hnp.arrays(
    st.sampled_from([np.bool_, np.int8, np.uint16, np.int32, np.int64, np.uint64, np.float16, np.float32, np.float64,
                     np.complex64, np.complex128, np.dtype(">f8")]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)  # fmt: skip
LEAVES = ARRAYS | st.none() | st.booleans() | st.integers(-(2**130), 2**130) | st.floats() | st.text(max_size=5)
TREES = st.recursive(
    LEAVES,
    lambda t: (
        st.lists(t, max_size=3)
        | st.lists(t, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), t, max_size=3)
        | st.builds(Pair, t, t)
        | st.builds(Model, t, st.text(max_size=3))
    ),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(tree=TREES)
def test_round_trip_is_exact(tree: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "round.safetensors"
    checkpoints.save(path, tree, note="hello", step=3)
    found, metadata = checkpoints.load(path)
    native = trees.map(lambda x: x.astype(x.dtype.newbyteorder("=")) if isinstance(x, np.ndarray) else x, tree)
    same(found, native)
    assert metadata == {"note": "hello", "step": 3}


def state() -> dict[str, Any]:
    params = {"w": np.arange(6.0).reshape(2, 3), "b": np.zeros(3, np.float32)}
    rng = np.random.default_rng(0)
    return {"params": params, "opt": optimizers.adam(0.1).init(params), "rng": rng.bit_generator.state}


def test_a_training_state(tmp_path: Path) -> None:
    path = checkpoints.save(tmp_path / "deep" / "run.safetensors", state(), step=7, loss=np.float64(0.5), best=math.inf)
    found = checkpoints.load(path)
    same(found.tree, state())
    assert found.metadata == {"step": 7, "loss": 0.5, "best": math.inf}
    rng = np.random.default_rng()
    rng.bit_generator.state = found.tree["rng"]
    assert rng.random() == np.random.default_rng(0).random()
    assert all(leaf.flags.writeable and leaf.flags.aligned for leaf in trees.leaves(found.tree["params"]))


def test_safetensors_reads_it(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    found = safetensors.load_file(checkpoints.save(tmp_path / "run.safetensors", state()))
    np.testing.assert_array_equal(found["params.w"], state()["params"]["w"])
    assert found["opt.0.count"].shape == ()


def test_unknown_classes_get_stand_ins(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    checkpoints.save(path, [Pair(1.0, 2.0), Model(np.ones(2), "m")])
    text = path.read_bytes().replace(b"Pair", b"Gone").replace(b"Model", b"Moved")
    header = json.loads(text[8 : 8 + int.from_bytes(text[:8], "little")])
    note = header["__metadata__"]["srcad"]
    tree = checkpoints._treejson.decode(json.loads(note)["tree"], {"1.w": np.ones(2)})
    assert type(tree[0]).__name__ == "Gone" and tree[0].a == 1.0 and tree[1]["name"] == "m"


def test_built_like_another(tmp_path: Path) -> None:
    path = checkpoints.save(tmp_path / "run.safetensors", {"b": np.zeros(2), "w": Pair(np.ones(3), 1.0)})
    like = {"w": Pair(np.zeros(3), 0.0), "b": np.ones(2)}
    tree = checkpoints.load(path, like).tree
    assert list(tree) == ["w", "b"] and tree["w"].b == 1.0
    for wrong, words in [
        ({"w": Pair(np.zeros(4), 0.0), "b": np.ones(2)}, r"\['w'\].a is \(3,\) float64, expected \(4,\) float64"),
        ({"w": Pair(np.zeros(3, np.float32), 0.0), "b": np.ones(2)}, r"expected \(3,\) float32"),
        ({"w": Pair(np.zeros(3), 0.0)}, "differ at the top"),
        ({"w": np.zeros(3), "b": np.ones(2)}, "is a Pair"),
    ]:
        with pytest.raises(CheckpointError, match=words):
            checkpoints.load(path, wrong)


@pytest.mark.parametrize("tree", [{"f": object()}, np.array(["a"]), {(1, 2): 1.0}, np.array([None]), {1, 2}])
def test_what_cannot_be_stored_is_refused(tree: Any, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="cannot store"):
        checkpoints.save(tmp_path / "run.safetensors", tree)
    assert list(tmp_path.iterdir()) == []


def test_every_cut_is_one_error(tmp_path: Path) -> None:
    path = checkpoints.save(tmp_path / "run.safetensors", {"w": np.arange(5.0)}, step=1)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"run\.safetensors"):
            checkpoints.load(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(CheckpointError):
        checkpoints.load(path)


def test_every_damaged_byte_is_one_error(tmp_path: Path) -> None:
    path = checkpoints.save(tmp_path / "run.safetensors", {"w": np.arange(5.0)}, step=1)
    whole = path.read_bytes()
    padding = whole.index(b"}  ") if b"}  " in whole else len(whole)
    for position in range(len(whole)):
        if whole[position : position + 1] == b" " and position > padding:
            continue
        for flip in (1, 32, 128):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ flip]) + whole[position + 1 :])
            try:
                tree = checkpoints.load(path).tree
            except CheckpointError:
                continue
            # JSON has more than one spelling of a space and of a number; what was read is still what was written
            np.testing.assert_array_equal(tree["w"], np.arange(5.0))


@pytest.mark.parametrize("foreign", [b"", b"hello", b"\x80\x04\x95pickle", b"PK\x03\x04" + b"z" * 64, os.urandom(4096)])
def test_foreign_files_are_one_error(foreign: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    path.write_bytes(foreign)
    with pytest.raises(CheckpointError):
        checkpoints.load(path)


def test_other_safetensors_and_newer_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    safetensors.save_file({"w": np.ones(3)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="srcad did not write"):
        checkpoints.load(tmp_path / "other.safetensors")
    monkeypatch.setattr(checkpoints, "SCHEMA", 99)
    checkpoints.save(tmp_path / "new.safetensors", {})
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="schema 99 is newer"):
        checkpoints.load(tmp_path / "new.safetensors")


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = checkpoints.save(tmp_path / "run.safetensors", {"w": 1.0})

    def full(handle: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        checkpoints.save(path, {"w": 2.0})
    assert checkpoints.load(path).tree == {"w": 1.0} and list(tmp_path.iterdir()) == [path]


SAVER = """
import sys, itertools, numpy as np
from srcad_runtime import checkpoints
for i in itertools.count(1):
    checkpoints.save(sys.argv[1], {"w": np.full(200_000, float(i))}, step=i)
    print(i, flush=True)
"""


def test_kill_while_saving_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    for seed in range(4):
        process = subprocess.Popen([sys.executable, "-c", SAVER, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(random.Random(seed).uniform(0, 0.03))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        tree, metadata = checkpoints.load(path)
        np.testing.assert_array_equal(tree["w"], float(metadata["step"]))
    checkpoints.save(path, {})
    assert list(tmp_path.iterdir()) == [path]


def test_newest_and_last_kept(tmp_path: Path) -> None:
    pattern = tmp_path / "epoch-{epoch}-{loss:.2f}.safetensors"
    assert checkpoints.latest(pattern) is None
    for epoch in range(8, 12):
        path = checkpoints.save(str(pattern).format(epoch=epoch, loss=0.5), {})
        os.utime(path, (1, 1))
    assert checkpoints.latest(pattern) == checkpoints.latest(tmp_path) == path
    checkpoints.keep_last(pattern, 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["epoch-10-0.50.safetensors", "epoch-11-0.50.safetensors"]
