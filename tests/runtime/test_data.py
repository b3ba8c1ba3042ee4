"""Batches: every example once, the same order from the same seed, memory maps; prefetching; augmentation."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srcad_runtime import data


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(1, 12), st.booleans(), st.booleans(), st.integers(0, 3))
def test_every_example_once(n: int, size: int, shuffle: bool, drop_last: bool, seed: int) -> None:
    if drop_last and n < size:
        return
    batches = data.batches(np.arange(n), size, shuffle, seed, drop_last)
    seen = list(batches)
    assert len(seen) == len(batches)
    assert all(len(batch) == size for batch in seen[: n // size])
    flat = np.concatenate(seen).tolist()
    assert len(set(flat)) == len(flat) == (n // size * size if drop_last else n)
    if not shuffle:
        assert flat == list(range(len(flat)))


def test_nested_arrays_stay_together() -> None:
    arrays = {"x": (np.arange(10), np.arange(10) * 2), "y": np.arange(10) * 3}
    for batch in data.batches(arrays, 4, seed=1):
        np.testing.assert_array_equal(batch["x"][1], 2 * batch["x"][0])
        np.testing.assert_array_equal(batch["y"], 3 * batch["x"][0])


def test_epochs_differ_and_seeds_repeat() -> None:
    first, second = data.batches(np.arange(100), 100, seed=3), data.batches(np.arange(100), 100, seed=3)
    a, b = next(iter(first)), next(iter(first))
    assert (a != b).any()
    np.testing.assert_array_equal(next(iter(second)), a)
    np.testing.assert_array_equal(next(second.of_epoch(1)), b)
    assert (next(iter(data.batches(np.arange(100), 100, seed=4))) != a).any()


def test_an_epoch_goes_on_from_any_batch() -> None:
    def jitter(batch: Any, rng: np.random.Generator) -> Any:
        return batch + rng.random(len(batch))

    batches = data.batches(np.arange(20.0), 3, seed=5).map(jitter)
    whole = list(batches.of_epoch(2))
    for start in range(len(whole)):
        for a, b in zip(batches.of_epoch(2, start), whole[start:], strict=True):
            np.testing.assert_array_equal(a, b)


def test_memory_maps_are_read_in_pieces(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(30.0).reshape(10, 3))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    for shuffle in (True, False):
        for batch in data.batches(mapped, 4, shuffle):
            assert type(batch) is np.ndarray and batch.flags.writeable


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: data.batches((np.ones(3), np.ones(4)), 2), r"unequal length: \[0\] 3, \[1\] 4"),
        (lambda: data.batches(np.ones((0, 3)), 2), "no examples"),
        (lambda: data.batches((), 2), "no examples"),
        (lambda: data.batches(np.ones(3), 0), "batch_size must be a positive integer, not 0"),
        (lambda: data.batches(np.ones(3), 2.5), "not 2.5"),  # type: ignore[arg-type]
        (lambda: data.batches(np.ones(3), 4, drop_last=True), "no batch of 4 out of 3"),
        (lambda: data.batches((np.ones(3), 1.0), 2), "single number"),
    ],
)
def test_refusals(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_prefetch_keeps_order_and_works_ahead() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for i in range(5):
            made.append(i)
            yield i

    ahead = data.prefetch(source(), 2)
    assert next(ahead) == 0
    deadline = time.monotonic() + 5
    while len(made) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(made) >= 3
    assert list(ahead) == [1, 2, 3, 4]


def test_prefetch_raises_what_its_source_raises() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise KeyError("broken")

    ahead = data.prefetch(source())
    assert next(ahead) == 1
    with pytest.raises(KeyError, match="broken"):
        next(ahead)


def test_prefetch_stops_with_its_reader() -> None:
    ahead = data.prefetch(iter(range(10**9)), 1)
    assert next(ahead) == 0
    ahead.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 5
    while any(t.name == "srcad-prefetch" for t in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(t.name == "srcad-prefetch" for t in threading.enumerate())


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_flip() -> None:
    images = np.arange(24.0).reshape(4, 1, 2, 3)
    np.testing.assert_array_equal(data.flip(images, rng(), p=1.0), images[..., ::-1])
    np.testing.assert_array_equal(data.flip(images, rng(), p=1.0, axis=-2), images[..., ::-1, :])
    np.testing.assert_array_equal(data.flip(images, rng(), p=0.0), images)


def test_shift_moves_by_whole_pixels() -> None:
    images = np.zeros((50, 5, 5), np.float32)
    images[:, 2, 2] = 1.0
    moved = data.shift(images, rng(), limit=1)
    assert moved.shape == images.shape and moved.dtype == np.float32
    assert moved[:, 1:4, 1:4].sum() == 50 and len({im.tobytes() for im in moved}) == 9


def test_crop() -> None:
    images = np.arange(32.0).reshape(2, 4, 4)
    cut = data.crop(images, rng(), (2, 3))
    assert cut.shape == (2, 2, 3)
    np.testing.assert_array_equal(np.diff(cut, axis=-1), 1.0)
    with pytest.raises(ValueError, match="cannot cut"):
        data.crop(images, rng(), (5, 2))


def test_noise_keeps_the_dtype() -> None:
    noisy = data.noise(np.zeros((100, 10), np.float32), rng(), 0.5)
    assert noisy.dtype == np.float32 and 0.45 < noisy.std() < 0.55


def test_mixup_blends_input_and_target_alike() -> None:
    x = np.arange(6.0)[:, None]
    y = data.one_hot(np.arange(6), 6)
    mixed_x, mixed_y = data.mixup(x, y, rng(), alpha=1.0)
    np.testing.assert_allclose(mixed_y.sum(axis=1), 1.0)
    np.testing.assert_allclose(mixed_y @ np.arange(6.0), mixed_x[:, 0])
    with pytest.raises(TypeError, match="one-hot"):
        data.mixup(x, np.arange(6), rng())
