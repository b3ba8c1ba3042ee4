"""The training loop interrupted: resuming to the bit, kills, Ctrl-C, what cannot be restored."""

from __future__ import annotations

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
from srcad_runtime import checkpoints, optimizers
from srcad_runtime.callbacks import Callback, EarlyStopping, ModelCheckpoint
from srcad_runtime.training import Trainer
from training_models import LABELS, X, Y, bits, logistic, noisy, trainer


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
    from training_models import *
    from pathlib import Path
    from srcad_runtime.callbacks import Callback, ModelCheckpoint
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
    from training_models import *
    from pathlib import Path
    from srcad_runtime.callbacks import Callback, ModelCheckpoint
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
