"""The training loop: results, resuming to the bit, interruption, errors that say where they come from."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from complex_step import value_and_grad
from srcad_runtime import checkpoints, data, epochs, losses, metrics, optimizers, progress, schedules, trees
from srcad_runtime.callbacks import Callback, EarlyStopping, ModelCheckpoint, TerminateOnNaN
from srcad_runtime.history import History
from srcad_runtime.training import Trainer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3 + 0.01 * RNG.normal(size=50)
LABELS = (Y > 0).astype(np.int64)


def line(params: Any, x: Any) -> Any:
    return x @ params["w"] + params["b"]


def start() -> dict[str, Any]:
    return {"w": np.zeros(3), "b": 0.0}


def mse(prediction: Any, target: Any) -> Any:
    return np.mean((prediction - target) ** 2)


def logistic(prediction: Any, target: Any) -> Any:
    return np.mean(np.log(1 + np.exp(prediction)) - target * prediction)


def trainer(model: Any = line, params: Any = None, loss: Any = mse, optimizer: Any = None, **options: Any) -> Trainer:
    options = {"backend": "numpy", "value_and_grad": value_and_grad, **options}
    return Trainer(model, params or start(), loss, optimizer or optimizers.adam(0.05), **options)


def bits(value: float) -> str:
    return float(value).hex()


# ---- what it computes ----


def test_fit_equals_the_loop_by_hand() -> None:
    ours = trainer()
    history = ours.fit(X, Y, epochs=3, batch_size=16, seed=5, verbose=0)
    params, opt = start(), optimizers.adam(0.05)
    state, losses = opt.init(params), []
    step = value_and_grad(lambda p, x, y: mse(line(p, x), y))
    batches = data.batches((X, Y), 16, seed=5)
    for _ in range(3):
        total = 0.0
        for x, y in batches:
            loss, grads = step(params, x, y)
            updates, state = opt.update(grads, state, params)
            params, total = optimizers.apply_updates(params, updates), total + loss * len(x)
        losses.append(total / len(X))
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-14)
    np.testing.assert_allclose(ours.params["w"], params["w"], rtol=1e-14)
    assert isinstance(ours.params["b"], float) and ours.step == 12


def test_it_learns() -> None:
    ours = trainer()
    history = ours.fit(X, Y, validation_data=(X, Y), epochs=60, verbose=0)
    assert history.history["val_loss"][-1] < 1e-3 < history.history["val_loss"][0]
    np.testing.assert_allclose(ours.params["w"], [1.0, -2.0, 0.5], atol=0.02)


def test_metrics_are_of_the_whole_epoch() -> None:
    wanted = ["accuracy", "f1", metrics.roc_auc_score, "auc"]
    ours = trainer(loss=logistic, metrics=wanted, optimizer=optimizers.sgd(0.0))
    ours.params = {"w": np.array([1.0, -2.0, 0.5]), "b": 0.0}
    history = ours.fit(X, LABELS, validation_data=(X, LABELS), epochs=1, batch_size=7, verbose=0).history
    score = line(ours.params, X)
    assert history["accuracy"] == [metrics.accuracy_score(LABELS, score > 0)]
    assert history["f1"] == [metrics.f1_score(LABELS, score > 0)]
    assert history["auc"] == history["roc_auc_score"] == [metrics.roc_auc_score(LABELS, score)]
    assert all(history[f"val_{name}"] == history[name] for name in ("accuracy", "f1", "auc"))
    np.testing.assert_allclose(history["val_loss"], history["loss"], rtol=1e-14)


def test_the_callers_arrays_are_never_written() -> None:
    params = start()
    params["w"].flags.writeable = False
    X.flags.writeable = Y.flags.writeable = False
    ours = trainer(params=params)
    mine = ours.params
    ours.fit(X, Y, verbose=0)
    assert not params["w"].any() and not mine["w"].any() and ours.params["w"].any()


def test_evaluate_and_predict() -> None:
    ours = trainer(loss=logistic, metrics=["accuracy"])
    ours.fit(X, LABELS, epochs=5, verbose=0)
    np.testing.assert_allclose(ours.predict(X, batch_size=7), line(ours.params, X))
    found = ours.evaluate(X, LABELS)
    assert found["accuracy"] == np.mean((line(ours.params, X) > 0) == LABELS)
    assert found["loss"] == pytest.approx(logistic(line(ours.params, X), LABELS), rel=1e-13)


def test_nested_inputs_and_outputs() -> None:
    def model(params: Any, x: Any) -> Any:
        return {"sum": x["a"] @ params[0] + x["b"], "twice": 2 * x["b"]}

    def loss(prediction: Any, target: Any) -> Any:
        return mse(prediction["sum"], target)

    ours = trainer(model, (np.zeros(3),), loss)
    inputs = {"a": X, "b": X[:, 0]}
    ours.fit(inputs, Y, epochs=2, verbose=0)
    assert {k: v.shape for k, v in ours.predict(inputs).items()} == {"sum": (50,), "twice": (50,)}


def noisy(params: Any, x: Any, training: bool, rng: Any, state: Any) -> Any:
    """A line with input noise and a running mean of its inputs, as dropout and batch norm have them."""
    if training:
        x = x + 0.1 * rng.normal(size=x.shape)
        state = {"mean": 0.9 * state["mean"] + 0.1 * x.mean(axis=0)}
    return line(params, x - state["mean"]), state


def test_training_rng_and_state_are_given() -> None:
    def run(seed: int) -> Trainer:
        ours = trainer(noisy, state={"mean": np.zeros(3)})
        ours.fit(X, Y, epochs=2, seed=seed, verbose=0)
        return ours

    first, second, other = run(1), run(1), run(2)
    np.testing.assert_array_equal(first.params["w"], second.params["w"])
    assert (first.params["w"] != other.params["w"]).any()
    assert first.state["mean"].any()
    before = first.rng.bit_generator.state
    np.testing.assert_array_equal(first.predict(X), line(first.params, X - first.state["mean"]))
    assert first.evaluate(X, Y) == first.evaluate(X, Y) and first.rng.bit_generator.state == before


def test_a_second_fit_goes_on() -> None:
    once, twice = trainer(), trainer()
    once.fit(X, Y, epochs=4, verbose=0)
    twice.fit(X, Y, epochs=2, verbose=0)
    history = twice.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_array_equal(once.params["w"], twice.params["w"])
    assert history.epoch == [0, 1]


def test_batches_with_augmentation() -> None:
    def jitter(batch: Any, rng: np.random.Generator) -> Any:
        return batch[0] + 0.1 * rng.normal(size=batch[0].shape), batch[1]

    ours = trainer()
    assert len(ours.fit(data.batches((X, Y), 8, seed=1).map(jitter), epochs=2, verbose=0).epoch) == 2


def test_optimizer_wrappers_and_schedules() -> None:
    wrapped = trainer(optimizer=optimizers.MultiSteps(optimizers.adam(0.05), 2))
    wrapped.fit(X, Y, epochs=1, batch_size=10, verbose=0)
    assert wrapped.optimizer_state.gradient_step == 2
    scheduled = trainer(optimizer=optimizers.sgd(schedules.linear_schedule(0.1, 0.0, 5)))
    scheduled.fit(X, Y, epochs=1, batch_size=10, verbose=0)
    assert scheduled.learning_rate == 0.0
    with pytest.raises(ValueError, match="schedule"):
        scheduled.learning_rate = 0.1


def test_float32_stays_float32() -> None:
    params = {"w": np.zeros(3, np.float32), "b": np.float32(0.0)}
    ours = trainer(params=params)
    ours.fit(X.astype(np.float32), Y.astype(np.float32), verbose=0)
    assert {leaf.dtype for leaf in trees.leaves(ours.params)} == {np.dtype(np.float32)}


def test_compiled_and_plain_optimizer_agree() -> None:
    plain, compiled = trainer(), trainer(backend="auto")
    for ours in (plain, compiled):
        ours.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_allclose(plain.params["w"], compiled.params["w"], rtol=1e-12)


def test_summary() -> None:
    text = trainer(params={"w": np.zeros((3, 4)), "b": np.zeros(4, np.float32)}).summary()
    assert text.splitlines()[0] == "line: 16 parameters, 112 bytes"
    assert "['w']      (3, 4)  float64  12" in text


# ---- what it shows ----


def test_one_line_an_epoch_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    trainer().fit(X, Y, validation_data=(X, Y), epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0].startswith("epoch 1/2  loss ") and "val_loss" in lines[1]
    trainer().fit(X, Y, verbose=0)
    assert capsys.readouterr().out == ""


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert isinstance(progress.reporter("auto", 1, 1), progress.Bar)
    trainer().fit(X, Y, epochs=2, verbose=1)
    assert "epoch 2/2  loss" in capsys.readouterr().out
    with pytest.raises(ValueError, match="verbose must be"):
        trainer().fit(X, Y, verbose="loud")


def test_history() -> None:
    pyplot = pytest.importorskip("matplotlib")
    pyplot.use("Agg")
    history = trainer().fit(X, Y, validation_data=(X, Y), epochs=3, verbose=0)
    axes = history.plot()
    assert [curve.get_label() for curve in axes.lines] == ["loss", "val_loss"] and len(axes.lines[0].get_xdata()) == 3
    assert repr(history).startswith("History(3 epochs: loss ")
    late = History()
    late.add(0, {"loss": 1.0})
    late.add(1, {"loss": 0.5, "rate": 0.1})
    assert np.isnan(late.history["rate"][0]) and late.history["rate"][1] == 0.1


# ---- checkpoints ----


class StopAfter(Callback):
    """Ends the process's work in the middle, as a power cut would."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        if self.trainer.step == self.step:
            raise RuntimeError("power cut")


def whole_run(path: Path, *extra: Callback, make: Callable[[], Trainer], resume: bool = False) -> Trainer:
    ours = make()
    if resume and path.exists():
        ours.restore(path)
    saver = ModelCheckpoint(path, save_freq=1)
    stopping = EarlyStopping("loss", patience=2, restore_best_weights=True)
    ours.fit(X, LABELS, (X, LABELS), 3, 16, callbacks=[saver, stopping, *extra], seed=3, verbose=0)
    return ours


@pytest.mark.parametrize("kind", ["plain", "noisy"])
def test_a_run_cut_anywhere_ends_with_the_same_bits(kind: str, tmp_path: Path) -> None:
    def make() -> Trainer:
        options: dict[str, Any] = {"loss": logistic, "metrics": ["accuracy", "auc"]}
        return trainer(noisy, state={"mean": np.zeros(3)}, **options) if kind == "noisy" else trainer(**options)

    expected = whole_run(tmp_path / "whole.safetensors", make=make)
    for cut in range(1, 13):
        path = tmp_path / f"{cut}.safetensors"
        with pytest.raises(RuntimeError, match="power cut"):
            whole_run(path, StopAfter(cut), make=make)
        found = whole_run(path, make=make, resume=True)
        assert found.history.history == expected.history.history
        assert found.params["w"].tobytes() == expected.params["w"].tobytes()


SUPERVISOR = textwrap.dedent("""
    import os, random, signal, sys, time
    sys.path.insert(0, sys.argv[3])
    from test_training import *
    path, kills, rng = Path(sys.argv[1]), int(sys.argv[2]), random.Random(0)
    def child():
        ours = trainer()
        if path.exists(): ours.restore(path)
        h = ours.fit(X, Y, None, 4 * int(sys.argv[2]), 5, [ModelCheckpoint(path, save_freq=1)], verbose=0)
        print(bits(h.history["loss"][-1]), bits(ours.params["w"][0]), flush=True)
        os._exit(0)
    for _ in range(kills + 1000):
        pid = os.fork()
        if pid == 0:
            try: child()
            except BaseException as error: print(repr(error), flush=True)
            os._exit(1)
        if kills > 0:
            time.sleep(rng.uniform(0.0, 0.06))
            os.kill(pid, signal.SIGKILL)
            kills -= 1
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status):
            print(kills)
            sys.exit(os.waitstatus_to_exitcode(status))
""")


def killed(tmp_path: Path, kills: int) -> str:
    here, run = str(Path(__file__).parent), str(tmp_path / "run.safetensors")
    done = subprocess.run(
        [sys.executable, "-c", SUPERVISOR, run, str(kills), here], capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result, left = done.stdout.splitlines()
    assert int(left) < kills / 2, "the run was over before most of the kills"
    return result


@pytest.mark.parametrize("kills", [12, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked children")
def test_kill_9_at_random_moments(kills: int, tmp_path: Path) -> None:
    ours = trainer()
    loss = ours.fit(X, Y, epochs=4 * kills, batch_size=5, verbose=0).history["loss"][-1]
    assert killed(tmp_path, kills) == f"{bits(loss)} {bits(ours.params['w'][0])}"


CTRL_C = textwrap.dedent("""
    import sys
    sys.path.insert(0, sys.argv[2])
    from test_training import *
    class Ready(Callback):
        def on_epoch_end(self, epoch, logs): print("ready", flush=True)
    trainer().fit(X, Y, epochs=10**9, callbacks=[ModelCheckpoint(sys.argv[1], save_freq=10**9), Ready()], verbose=0)
""")


def test_ctrl_c_saves_and_exits_130(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    command = [sys.executable, "-c", CTRL_C, str(path), str(Path(__file__).parent)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    assert f"interrupted: saved to {path}" in out
    ours = trainer().restore(path)
    assert ours.step > 0 and ours.epoch >= 1
    assert len(ours.fit(X, Y, epochs=ours.epoch + 1, verbose=0).epoch) == ours.step // 2


def test_save_and_restore_after_a_run(tmp_path: Path) -> None:
    first = trainer(optimizer=optimizers.adam(0.05))
    first.fit(X, Y, epochs=2, verbose=0)
    first.learning_rate = 0.01
    path = first.save(tmp_path / "run.safetensors")
    second = trainer(optimizer=optimizers.adam(0.05)).restore(path)
    assert second.learning_rate == 0.01 and second.history.history == first.history.history
    for ours in (first, second):
        ours.fit(X, Y, epochs=2, verbose=0)
    assert second.params["w"].tobytes() == first.params["w"].tobytes()


def test_restore_refuses_what_does_not_fit(tmp_path: Path) -> None:
    ours = trainer()
    ours.fit(X, Y, verbose=0)
    path = ours.save(tmp_path / "run.safetensors")
    wider = trainer(params={"w": np.zeros(4), "b": 0.0})
    with pytest.raises(checkpoints.CheckpointError, match=r"params: \['w'\] is \(3,\) float64, expected \(4,\)"):
        wider.restore(path)
    with pytest.raises(checkpoints.CheckpointError, match="optimizer"):
        trainer(optimizer=optimizers.lion(0.1)).restore(path)
    with pytest.raises(FileNotFoundError):
        trainer().restore(tmp_path / "other.safetensors")
    assert not wider.params["w"].any()


def test_a_resumed_run_needs_the_same_data(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    with pytest.raises(RuntimeError, match="power cut"):
        trainer().fit(X, Y, callbacks=[ModelCheckpoint(path, save_freq=1), StopAfter(2)], batch_size=10, verbose=0)
    for wrong in ({"batch_size": 20}, {"batch_size": 10, "seed": 1}):
        with pytest.raises(ValueError, match="the checkpoint belongs to a run over"):
            trainer().restore(path).fit(X, Y, verbose=0, **wrong)


# ---- what it refuses, and what it says ----


def deep(params: Any, x: Any) -> Any:
    return layer(params["w2"], layer(params["w1"], x))


def layer(weight: Any, x: Any) -> Any:
    return np.tanh(x @ weight)


def test_a_wrong_shape_names_step_layer_and_shapes() -> None:
    ours = trainer(deep, {"w1": np.zeros((3, 4)), "w2": np.zeros((5, 1))})
    with pytest.raises(ValueError, match="matmul") as caught:
        ours.fit(X, Y, verbose=0)
    told = str(caught.value)
    assert "at step 1 (epoch 1, batch 1), in layer (test_training.py:" in told and "called by deep" in told
    assert "params['w2'] (5, 1) float64" in told and "x (32, 3) float64" in told and "y (32,) float64" in told


def emptied(number: int) -> Any:
    """Batches of which one, counted from 0, loses its examples on the way."""
    counted = itertools.count()
    pairs = data.batches((X, Y), 20, shuffle=False)
    return pairs.map(lambda batch, rng: trees.map(lambda a: a[:0], batch) if next(counted) == number else batch)


def test_an_empty_batch_names_step_and_shapes() -> None:
    ours = trainer()
    with pytest.raises(ValueError, match=r"empty at step 2 \(epoch 1, batch 2\): x has shape \(0, 3\)") as caught:
        ours.fit(emptied(1), verbose=0)
    assert "x (0, 3) float64; y (0,) float64" in str(caught.value)
    assert ours.step == 1


def projected(params: Any, x: Any) -> Any:
    return x @ params["w"]


@pytest.mark.parametrize(("backend", "width"), [("numpy", 9), ("numba", 1)])
def test_targets_of_another_width_name_loss_step_and_shapes(backend: str, width: int) -> None:
    """Of width 1 too, which would be broadcast."""
    ours = Trainer(projected, {"w": np.zeros((3, 10))}, losses.mse, optimizers.sgd(0.1), backend=backend)
    with pytest.raises(ValueError, match=rf"mse: target \(32, {width}\) does not fit prediction \(32, 10\)") as caught:
        ours.fit(X, np.zeros((len(X), width)), verbose=0)
    said = str(caught.value)
    assert "at step 1 (epoch 1, batch 1)" in said and "mse (losses.py:" in said and f"y (32, {width}) float64" in said
    np.testing.assert_array_equal(ours.params["w"], 0.0)


# ---- epochs that are compiled ----


def small(params: Any, x: Any) -> Any:
    return np.tanh(x @ params["in"]) @ params["out"]


def compiled_trainer(kind: Any = np.float64, **options: Any) -> Trainer:
    rng = np.random.default_rng(1)
    params = {"in": rng.normal(size=(3, 4)).astype(kind), "out": rng.normal(size=4).astype(kind)}
    return Trainer(small, params, losses.mse, optimizers.adam(options.pop("rate", 0.01)), backend="numba", **options)


@pytest.fixture
def looped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many steps were made by compiled loops, in each call of one."""
    seen: list[int] = []
    steps = epochs.Loop.steps

    def counted(self: Any, order: Any) -> list[float]:
        made = steps(self, order)
        seen.append(len(made))
        return made

    monkeypatch.setattr(epochs.Loop, "steps", counted)
    monkeypatch.setattr(epochs, "WORTH", 0)
    return seen


def same_run(ours: Trainer, theirs: Trainer) -> None:
    assert ours.step == theirs.step and ours.history.history == theirs.history.history
    for a, b in trees.together((ours.params, ours.optimizer_state), (theirs.params, theirs.optimizer_state)):
        np.testing.assert_array_equal(a, b)


def test_a_compiled_epoch_gives_the_same_bits(looped: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Three epochs of 16 full batches and a smaller one, the first made in Python; a schedule; single precision."""
    rate = schedules.exponential_decay(0.05, 10, 0.9)
    x, y = np.resize(X, (50, 3)), np.resize(Y, 50)
    for kind in (np.float64, np.float32):
        trainers = compiled_trainer(kind, rate=rate), compiled_trainer(kind, rate=rate)
        for ours, worth in zip(trainers, (0, 10**9)):
            monkeypatch.setattr(epochs, "WORTH", worth)
            ours.fit(x.astype(kind), y.astype(kind), epochs=3, batch_size=3, verbose=0)
        same_run(*trainers)
        trainers[0].fit(x.astype(kind), y.astype(kind), batch_size=3, verbose=0)  # a loop that is there is used
        assert sum(looped) == 3 * 16 and trainers[0].params["in"].dtype == kind
        looped.clear()


def test_a_batch_that_fails_is_left_to_the_step_in_python(looped: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    y = Y.copy()
    y[17] = np.nan
    told = []
    for worth in (0, 10**9):
        ours = compiled_trainer()
        ours.fit(X, Y, epochs=1, batch_size=2, verbose=0)
        monkeypatch.setattr(epochs, "WORTH", worth)
        with pytest.raises(FloatingPointError, match="the loss is nan at step") as caught:
            ours.fit(X, y, epochs=2, batch_size=2, verbose=0)
        told.append((str(caught.value), ours.step, ours.params["in"].tobytes()))
    assert told[0] == told[1] and len(looped) > 1


def test_ctrl_c_in_a_compiled_epoch_saves(looped: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rate(step: int) -> float:
        if step == 80 and interrupted:
            signal.raise_signal(signal.SIGINT)
        return 0.01

    interrupted, saved = True, ModelCheckpoint(tmp_path / "run.safetensors")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(SystemExit) as stopped:
            compiled_trainer(rate=rate).fit(X, Y, epochs=6, batch_size=3, callbacks=[saved], verbose=0)
    finally:
        signal.signal(signal.SIGINT, before)
    assert stopped.value.code == 130
    interrupted = False
    resumed = compiled_trainer(rate=rate).restore(tmp_path / "run.safetensors")
    assert 80 <= resumed.step < 96 and looped
    resumed.fit(X, Y, epochs=6, batch_size=3, verbose=0)
    monkeypatch.setattr(epochs, "WORTH", 10**9)
    whole = compiled_trainer(rate=rate)
    whole.fit(X, Y, epochs=6, batch_size=3, verbose=0)
    same_run(resumed, whole)


def test_who_listens_to_batches_keeps_the_loop_in_python(looped: list[int]) -> None:
    class Counting(Callback):
        batches = 0

        def on_train_batch_end(self, batch: int, logs: Any) -> None:
            self.batches += 1

    counting = Counting()
    compiled_trainer().fit(X, Y, epochs=2, batch_size=3, callbacks=[counting], verbose=0)
    compiled_trainer(metrics=["mse"]).fit(X, Y, epochs=2, batch_size=3, verbose=0)
    assert counting.batches == 34 and not looped


# ---- what it says ----


def test_what_cannot_be_compiled_names_step_and_dtypes() -> None:
    """Labels that are no integers: Numba has no such function, and the first step says so."""
    params = {"w": np.zeros((3, 2))}
    ours = Trainer(lambda p, x: x @ p["w"], params, losses.cross_entropy, optimizers.sgd(0.1), backend="numba")
    with pytest.raises(SyntaxError, match="Numba cannot compile this: no implementation of sparse_cross") as caught:
        ours.fit(np.ones((4, 3)), np.ones(4), verbose=0)
    told = str(caught.value)
    assert "at step 1 (epoch 1, batch 1), in _labels (losses.py:" in told
    assert "called by sparse_cross_entropy (losses.py:" in told
    assert "y (4,) float64" in told and "params['w'] (3, 2) float64" in told and 'backend="numpy"' in told


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda t: t.fit(X, Y[:-1]), ValueError, r"unequal length: \[0\] 50, \[1\] 49"),
        (lambda t: t.fit(X[:0], Y[:0]), ValueError, r"no examples: x is empty, of shape \(0, 3\)"),
        (lambda t: t.fit(X, Y[:0]), ValueError, r"no examples: y is empty, of shape \(0,\)"),
        (lambda t: t.evaluate(X[:0], Y[:0]), ValueError, r"no examples: x is empty, of shape \(0, 3\)"),
        (
            lambda t: t.fit(X, Y, validation_data=(X, Y[:0])),
            ValueError,
            r"no examples: validation_data\[1\] is empty, of shape \(0,\)",
        ),
        (lambda t: t.evaluate(X, Y, batch_size=0), ValueError, "batch_size must be a positive integer, not 0"),
        (lambda t: t.predict(X, batch_size=0), ValueError, "batch_size must be a positive integer, not 0"),
        (
            lambda t: t.evaluate(emptied(1)),
            ValueError,
            r"empty at batch 2 of what is predicted, after step 0: x has shape \(0, 3\)",
        ),
        (lambda t: t.fit(X, Y, epochs=-1), ValueError, "epochs must be a whole number"),
        (
            lambda t: t.fit(X, Y, validation_data=(X[:, :2], Y)),
            ValueError,
            r"batch 1 of what is predicted, after step 2",
        ),
        (lambda t: t.predict(X[:, :2]), ValueError, r"matmul.*\n.* in line \(test_training.py:.*; x \(32, 2\) float64"),
        (
            lambda t: t.evaluate(X, np.stack([Y, Y], 1)),
            ValueError,
            r"broadcast.*\n.* in mse \(test_training.*; y \(32, 2\) float64",
        ),
        (lambda t: trainer(loss="mse"), TypeError, "the loss must be a function"),
        (lambda t: Trainer(line, {"w": np.zeros(3)}, losses.mse, "adam"), TypeError, "such as optimizers.adam.*'adam'"),
        (lambda t: Trainer(line, {"w": np.zeros(3)}, losses.mse, optimizers.adam), TypeError, "adam itself: call it"),
        (lambda t: t.fit(X, Y, batch_size=0), ValueError, "batch_size"),
        (lambda t: t.fit(X), ValueError, "y is missing"),
        (lambda t: t.fit(X.astype(object), Y), TypeError, "x has dtype object"),
        (lambda t: t.fit(X, Y.tolist()), TypeError, r"y\[0\] is a float, not an array"),
        (lambda t: t.fit(X, Y, callbacks=[print]), TypeError, "must be a Callback"),
        (lambda t: t.fit(X, Y, validation_data=X), ValueError, "a pair"),
        (lambda t: t.predict(X[:0]), ValueError, r"no examples: x is empty, of shape \(0, 3\)"),
        (lambda t: trainer(loss=lambda p, y: p - y).fit(X, Y), TypeError, r"shape \(32,\).*\n.* at step 1"),
        (lambda t: trainer(params={"w": np.zeros(3, int)}), TypeError, r"params\['w'\] is of int64"),
        (lambda t: trainer(params={"w": None}), ValueError, "no parameters"),
        (lambda t: trainer(noisy), ValueError, "names a state"),
        (lambda t: trainer(metrics=["acuracy"]), ValueError, "did you mean 'accuracy'"),
        (lambda t: trainer(3), TypeError, "the model must be a function"),
        (lambda t: setattr(t, "params", {"w": np.zeros(4), "b": 0.0}), ValueError, r"\['w'\] is \(4,\)"),
    ],
)
def test_refusals(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call(trainer())


def fragile(params: Any, x: Any) -> Any:
    scaled = line(params, x) - 1.0
    rooted = scale_of(scaled)
    return rooted * scaled


def scale_of(v: Any) -> Any:
    root = np.sqrt(v)
    return root + 1.0


def test_a_nan_loss_is_an_error() -> None:
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match=r"nan at step 1 .*check_nan=True"):
        trainer(fragile).fit(X, Y, verbose=0)


def test_a_nan_is_traced_to_its_line() -> None:
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError) as caught:
        trainer(fragile, check_nan=True).fit(X, Y, verbose=0)
    told = str(caught.value)
    assert "nan first appears in `root` at " in told and "in scale_of: root = np.sqrt(v)" in told


def filling(params: Any, x: Any) -> Any:
    out = np.empty(x.shape[0])
    out[:] = x[:, 0]
    return np.log(out - 1e9) + x @ params["w"]


def test_memory_that_is_not_written_yet_made_no_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "empty", lambda shape, *_, **__: np.full(shape, np.nan))
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="in filling: return np.log"):
        trainer(filling, check_nan=True).fit(X, Y, verbose=0)


def test_a_nan_in_the_data_is_named() -> None:
    x = X.copy()
    x[7, 1] = np.nan
    with pytest.raises(FloatingPointError, match=r"x\[7, 1\] is not finite already"):
        trainer(check_nan=True).fit(x, Y, batch_size=50, shuffle=False, verbose=0)


def test_a_nan_gradient_of_a_finite_loss_is_named() -> None:
    def broken(objective: Any, has_aux: bool, backend: str) -> Any:
        return lambda p, x, y: (objective(p, x, y), {"w": np.array([0.0, np.nan, 0.0]), "b": 0.0})

    with pytest.raises(FloatingPointError, match=r"the gradient of params\['w'\]\[1\] is not finite at step 1"):
        trainer(check_nan=True, value_and_grad=broken).fit(X, Y, verbose=0)


def test_nan_can_be_wanted() -> None:
    x = X.copy()
    x[0] = np.nan
    stopped = trainer()
    history = stopped.fit(x, Y, epochs=3, callbacks=[TerminateOnNaN()], verbose=0)
    assert len(history.epoch) == 1
    skipping = trainer(optimizer=optimizers.apply_if_finite(optimizers.adam(0.05), 100), check_nan=True)
    skipping.fit(x, Y, epochs=2, verbose=0)
    assert np.isfinite(skipping.params["w"]).all() and skipping.optimizer_state.total_notfinite == 2


# ---- with srcad itself ----


def classifier(params: Any, x: Any) -> Any:
    hidden = np.tanh(x @ params["w1"] + params["b1"])
    return hidden @ params["w2"] + params["b2"]


def test_srcad_makes_the_gradient() -> None:
    rng = np.random.default_rng(1)
    params = {"w1": rng.normal(size=(3, 4)), "b1": np.zeros(4), "w2": rng.normal(size=(4, 2)), "b2": np.zeros(2)}
    found = []
    for make in (None, value_and_grad):
        ours = trainer(classifier, params, losses.cross_entropy, metrics=["accuracy"], value_and_grad=make)
        found.append(ours.fit(X, LABELS, epochs=2, verbose=0).history)
    np.testing.assert_allclose(found[0]["loss"], found[1]["loss"], rtol=1e-10)
    assert found[0]["accuracy"] == found[1]["accuracy"]
