"""`Trainer`: the training loop, with batches, metrics, callbacks, checkpoints and errors that say where they come from.

    trainer = Trainer(model, params, losses.cross_entropy, optimizers.adam(1e-3), metrics=["accuracy"])
    history = trainer.fit(x, y, validation_data=(x_test, y_test), epochs=10)
    trainer.evaluate(x_test, y_test); trainer.predict(x_test)

A run that was interrupted anywhere goes on from its last checkpoint and ends with the same bits:

    trainer.restore("run.safetensors").fit(x, y, epochs=10, callbacks=[ModelCheckpoint("run.safetensors")])
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from srcad_runtime import _objective, _step_errors, checkpoints, data, metrics, progress, trees
from srcad_runtime import epochs as epochs_
from srcad_runtime._calls import Calls, Interrupts
from srcad_runtime.history import History, Meter, concatenated

Tree = Any


def _from_srcad(objective: Callable[..., Any], has_aux: bool, backend: str) -> Callable[..., Any]:
    import srcad

    return srcad.value_and_grad(objective, has_aux=has_aux, backend=backend)


class Trainer:
    """Trains ``model(params, x)``, a plain function, on ``loss(prediction, y)``.

    Args:
        params: nested arrays and numbers; copied, so that the caller's are never written.
        metrics: names (`metrics.NAMES`) or functions ``metric(y_true, y_pred)``, measured over whole epochs.
        backend: as in `srcad.value_and_grad`; "numpy" compiles nothing, the optimizer's step included.
        state: the first `state` of a model that names one; it returns ``(prediction, state)``.
        check_nan: look at every loss and gradient, and name the line of the model that made the first NaN.
        value_and_grad: what makes the gradient, called as ``f(objective, has_aux=, backend=)``; srcad's by default.

    A model that also names `training`, `rng` or `state` in its signature is given them.
    """

    def __init__(
        self,
        model: Callable[..., Any],
        params: Tree,
        loss: Callable[..., Any],
        optimizer: Any,
        metrics: Iterable[Any] = (),
        backend: str = "auto",
        *,
        state: Tree = None,
        check_nan: bool = False,
        value_and_grad: Callable[..., Any] | None = None,
    ) -> None:
        _step_errors.check_parts(model, loss, optimizer)
        self.model, self.loss, self.backend, self.check_nan = model, loss, backend, check_nan
        self.optimizer = optimizer.gradient_transformation() if hasattr(optimizer, "inner_opt") else optimizer
        self.state = state
        self.names = _objective.extras(model)
        if "state" in self.names and state is None:
            raise ValueError("the model names a state: give its first one as Trainer(..., state=)")
        self._metrics = resolved([metrics] if isinstance(metrics, str) else metrics)
        _step_errors.check_parameters(params)
        self._scalar = trees.map(np.isscalar, params)
        self._all_arrays = not any(trees.leaves(self._scalar))
        self._params = trees.copy(params)
        self.optimizer_state = self.optimizer.init(self._params)
        self.step, self.epoch, self.stop_training = 0, 0, False
        self.history, self.rng = History(), np.random.default_rng(0)
        # where the run is: epochs of earlier runs, batches done in this epoch, and what they add up to
        self._epochs_before, self._batch, self._meter = 0, 0, self._new_meter()
        self._planned, self._has_looped = 0, False  # batches of the whole run; whether there is a compiled loop
        self._data: dict[str, Any] = {}
        self._calls: Calls | None = None
        self._resume: list[Any] | None = None
        self._aux = _objective.has_aux(self.names, bool(self._metrics))
        self._objective = _objective.objective(model, loss, bool(self._metrics))
        self._make = value_and_grad or _from_srcad
        self._gradient: Callable[..., Any] | None = None

    # ---- parameters ----

    @property
    def params(self) -> Tree:
        """A copy of the parameters, numbers where numbers were given. Setting checks structure, shapes and dtypes."""
        return trees.map(lambda p, scalar: p[()] if scalar else p.copy(), self._params, self._scalar)

    @params.setter
    def params(self, new: Tree) -> None:
        as_arrays = trees.map(lambda p, x: np.asarray(x), self._params, new)
        self._params = trees.copy(checkpoints.fit_into(self._params, as_arrays, "params"))

    @property
    def learning_rate(self) -> float:
        """The optimizer's learning rate, at this step if it follows a schedule. A constant one can be set."""
        rate = self.optimizer.learning_rate
        if rate is None:
            raise ValueError("this optimizer has no learning rate")
        return float(rate(self.step)) if callable(rate) else float(rate)

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        if self.optimizer.learning_rate != rate:
            self.optimizer = self.optimizer.with_learning_rate(rate)

    def _given(self) -> Tree:
        """The parameters as the model takes them, not copied."""
        if self._all_arrays:
            return self._params
        return trees.map(lambda p, scalar: p[()] if scalar else p, self._params, self._scalar)

    # ---- fitting ----

    def fit(
        self,
        x: Any,
        y: Any = None,
        validation_data: tuple[Any, Any] | None = None,
        epochs: int = 1,
        batch_size: int = 32,
        callbacks: Iterable[Any] = (),
        seed: int = 0,
        verbose: Any = "auto",
        *,
        shuffle: bool = True,
    ) -> History:
        """Train for `epochs` passes over the examples in `x` and `y` (nested arrays), or over `data.batches` given as
        `x`.

        After `restore`, `epochs` counts from the start of the run that was interrupted. `seed` sets the order of the
        examples and the generator that a model's `rng` is. Ctrl-C finishes the step, saves through `ModelCheckpoint`
        and exits with code 130 (in an interactive session: KeyboardInterrupt). A failing step raises what the model
        raised, with the step, the layer and all shapes added.
        """
        if not isinstance(epochs, (int, np.integer)) or epochs < 0:
            raise ValueError(f"epochs must be a whole number, 0 or more, not {epochs!r}")
        batches = _batches(x, y, batch_size, seed, shuffle)
        if validation_data is not None:
            _check_validation(*_pair(validation_data))
        self._begin(batches)
        calls = self._calls = Calls(self, callbacks, self._resume)
        report = progress.reporter(verbose, epochs, len(batches))
        self._resume, self._planned = None, epochs * len(batches)
        with Interrupts() as interrupts:
            try:
                calls.train_begin()
                while self.epoch < epochs and not self.stop_training:
                    self._run_epoch(batches, validation_data, calls, report, interrupts)
                calls.train_end()
            finally:
                report.close()
        self._epochs_before, self.epoch, self._calls = self._epochs_before + self.epoch, 0, None
        return self.history

    def _begin(self, batches: data.Batches) -> None:
        """Start a run, or take up the one that was restored."""
        facts = {"examples": data.examples(batches.arrays), **{k: getattr(batches, k) for k in _FACTS}}
        self.stop_training = self._resume is not None and self.stop_training
        if self._resume is not None:
            if facts != self._data:
                raise ValueError(f"the checkpoint belongs to a run over {self._data}, not over {facts}")
            return
        self._data, self.history = facts, History()
        self.rng = np.random.default_rng((batches.seed, self._epochs_before))
        self.epoch, self._batch, self._meter = 0, 0, self._new_meter()

    def _run_epoch(self, batches: data.Batches, validation: Any, calls: Calls, report: Any, interrupts: Any) -> None:
        epoch = self.epoch
        if self._batch == 0:
            calls.epoch_begin(epoch)
        report.epoch_begin(epoch, self._batch)
        self._run_compiled(batches, calls, report, interrupts)
        start = self._batch
        for number, batch in enumerate(batches.of_epoch(self._epochs_before + epoch, start), start):
            calls.batch_begin(number)
            loss = self._train_on(*_pair(batch))
            self._batch = number + 1
            calls.batch_end(number, {"loss": loss})
            report.batch_end(number, loss)
            self._look_for_ctrl_c(calls, report, interrupts)
            if self.stop_training:
                break
        self._end_epoch(epoch, validation, calls, report)

    def _end_epoch(self, epoch: int, validation: Any, calls: Calls, report: Any) -> None:
        logs = self._meter.result()
        if validation is not None:
            x, y = _pair(validation)
            measured = self.evaluate(x, y, self._data["batch_size"])
            logs.update({f"val_{name}": value for name, value in measured.items()})
        self.epoch, self._batch, self._meter = epoch + 1, 0, self._new_meter()
        calls.epoch_end(epoch, logs, lambda: self.history.add(epoch, logs))
        report.epoch_end(epoch, logs)

    def _look_for_ctrl_c(self, calls: Calls, report: Any, interrupts: Any) -> None:
        if interrupts.pending:
            report.close()
            calls.interrupt()
            interrupts.leave()

    def _run_compiled(self, batches: data.Batches, calls: Calls, report: Any, interrupts: Any) -> None:
        """Make the steps of this epoch that a compiled loop can make; the rest is left."""
        if not self._may_be_compiled(batches, calls):
            return
        size, order = batches.batch_size, batches.order(self._epochs_before + self.epoch)
        order = np.arange(data.examples(batches.arrays)) if order is None else order
        loop = self._loop(batches, order[:size])
        end = len(order) // size * size
        while loop is not None and self._batch * size < end:
            losses = loop.steps(order[self._batch * size : end])
            for loss in losses:
                self._meter.add(loss, size)
            self._batch, self.step = self._batch + len(losses), self.step + len(losses)
            if not losses:
                return
            report.batch_end(self._batch - 1, losses[-1])
            self._look_for_ctrl_c(calls, report, interrupts)

    def _may_be_compiled(self, batches: data.Batches, calls: Calls) -> bool:
        """Whether a compiled loop over batches pays, and nobody wants to know of single ones."""
        left = self._planned - self.epoch * len(batches) - self._batch
        repaid = self._has_looped or left >= epochs_.WORTH
        if not repaid or len(batches) < epochs_.SHORT or self.backend not in ("auto", "numba"):
            return False
        needs_python = calls.each_batch or self.check_nan or self._aux or "rng" in self.names
        return not needs_python and self._all_arrays and self._make is _from_srcad and epochs_.plain(batches)

    def _loop(self, batches: data.Batches, chosen: np.ndarray) -> Any:
        """A compiled loop over batches like those chosen; None where the steps need Python, or are not compiled yet."""
        if self._gradient is None:
            return None
        from srcad.native import native

        found = native(self._gradient, self._params, *data.take(batches.arrays, chosen))
        loop = epochs_.loop(found, batches, self._params, self.optimizer, self.optimizer_state)
        self._has_looped = self._has_looped or loop is not None
        return loop

    def _train_on(self, x: Any, y: Any) -> float:
        """One step on one batch; returns its loss."""
        _step_errors.check_batch(x, y, self._place())
        gradient = self._gradient_of_the_objective()
        before = self.rng.bit_generator.state if self.check_nan and "rng" in self.names else None
        args = self._given(), *_objective.arguments(self.names, x, y, self.rng, self.state)
        try:
            value, grads = gradient(*args)
        except Exception as error:
            _step_errors.explain(error, self._objective, args, self._place())
            raise
        value, (prediction, state) = value if self._aux else (value, (None, None))
        if np.ndim(value):
            raise TypeError(f"the loss at {self._place()} has shape {np.shape(value)}, expected a single number")
        loss = float(value)
        if loss != loss or self.check_nan:
            self._check_finite(loss, grads, args, before)
        self.optimizer.update_into(self._params, grads, self.optimizer_state, compiled=self.backend != "numpy")
        self.state = state if "state" in self.names else self.state
        self._meter.add(loss, _length(x), y, prediction)
        self.step += 1
        return loss

    def _gradient_of_the_objective(self) -> Callable[..., Any]:
        if self._gradient is None:
            self._gradient = self._make(self._objective, has_aux=self._aux, backend=self.backend)
        return self._gradient

    def _check_finite(self, loss: float, grads: Tree, args: tuple[Any, ...], rng_before: Any) -> None:
        if self.optimizer.skips_nonfinite or (self._calls is not None and self._calls.handles_nan):
            return
        if rng_before is not None:
            self.rng.bit_generator.state = rng_before
        _step_errors.check_finite(loss, grads, self._objective, args, self._place(), self.check_nan)

    def _place(self) -> str:
        return f"step {self.step + 1} (epoch {self.epoch + 1}, batch {self._batch + 1})"

    def _new_meter(self) -> Meter:
        probability = getattr(self.loss, "__name__", "") == "binary_cross_entropy"
        return Meter(self._metrics, threshold=0.5 if probability else 0.0)

    # ---- using the model ----

    def evaluate(self, x: Any, y: Any = None, batch_size: int = 32) -> dict[str, float]:
        """The mean loss and the metrics over all examples, with ``training=False``; nothing is changed."""
        meter = self._new_meter()
        for number, batch in enumerate(_batches(x, y, batch_size, 0, shuffle=False).of_epoch(0), 1):
            inputs, targets = _pair(batch)
            _step_errors.check_batch(inputs, targets, self._place_outside(number))
            prediction = self._predict_on(inputs, number)
            with self._explained(lambda p, _, y, out=prediction: self.loss(out, y), (inputs, targets), number):
                meter.add(float(self.loss(prediction, targets)), _length(inputs), targets, prediction)
        return meter.result()

    def predict(self, x: Any, batch_size: int = 32) -> Any:
        """The model's output for every example, with ``training=False``."""
        _step_errors.check_data(x, "x")
        batches = data.batches(x, batch_size, shuffle=False).of_epoch(0)
        parts = [self._predict_on(batch, number) for number, batch in enumerate(batches, 1)]
        return concatenated(parts)

    def _predict_on(self, x: Any, number: int) -> Any:
        # evaluation must neither depend on the training's generator nor move it
        given = {"rng": np.random.default_rng(0), "state": self.state, "training": False}
        model = functools.partial(self.model, **{name: given[name] for name in self.names})
        with self._explained(model, (x,), number):
            out = model(self._given(), x)
        return out[0] if "state" in self.names else out

    @contextlib.contextmanager
    def _explained(self, function: Callable[..., Any], data: tuple[Any, ...], number: int) -> Iterator[None]:
        """What goes wrong with a batch outside of training says where."""
        try:
            yield
        except Exception as error:
            _step_errors.explain(error, function, (self._given(), *data), self._place_outside(number))
            raise

    def _place_outside(self, number: int) -> str:
        return f"batch {number} of what is predicted, after step {self.step}"

    def summary(self) -> str:
        """A table of the parameters: where, shape, dtype, how many."""
        rows = [
            (path or "params", str(leaf.shape), str(leaf.dtype), f"{leaf.size:,}")
            for path, leaf in trees.paths(self._params)
        ]
        heads = ("parameter", "shape", "dtype", "numbers")
        widths = [max(map(len, column)) for column in zip(heads, *rows)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in (heads, *rows)]
        name = getattr(self.model, "__name__", type(self.model).__name__)
        bytes_ = sum(leaf.nbytes for leaf in trees.leaves(self._params))
        return "\n".join([f"{name}: {trees.size(self._params):,} parameters, {bytes_:,} bytes", *lines])

    # ---- checkpoints ----

    def save(self, path: str | Path) -> Path:
        """Write all that this run needs to go on: parameters, optimizer, generator, position in the data, callbacks."""
        tree = {
            "params": self._params,
            "optimizer": self.optimizer_state,
            "state": self.state,
            "rng": self.rng.bit_generator.state,
            "meter": self._meter.state(),
            "callbacks": [] if self._calls is None else self._calls.states(),
        }
        facts = {"step": self.step, "epoch": self.epoch, "batch": self._batch, "epochs_before": self._epochs_before}
        rate = self.optimizer.learning_rate
        return checkpoints.save(
            path, tree, kind="trainer", **facts, running=self._calls is not None, stopped=self.stop_training,
            data=self._data,
            history=self.history.history, epochs=self.history.epoch, learning_rate=None if callable(rate) else rate,
        )  # fmt: skip

    def restore(self, path: str | Path) -> Trainer:
        """Take up what `save` wrote: a file, a folder or a `ModelCheckpoint` filepath (their newest); returns the
        trainer.

        The next `fit` goes on in the middle of the run, if the file was saved in one. A file that does not fit this
        trainer's parameters or optimizer is a `checkpoints.CheckpointError` that names the place.
        """
        found = checkpoints.latest(path)
        if found is None:
            raise FileNotFoundError(f"no checkpoint at {path}")
        tree, note = checkpoints.load(found)
        if note.get("kind") != "trainer":
            self.params = checkpoints.fit_into(self._params, trees.copy(tree), str(found))
            return self
        params = checkpoints.fit_into(self._params, tree["params"], f"{found}: params")
        self.optimizer_state = checkpoints.fit_into(self.optimizer_state, tree["optimizer"], f"{found}: optimizer")
        self._params, self.state = params, tree["state"]
        self.rng.bit_generator.state = tree["rng"]
        self.step, self.epoch, self._batch = note["step"], note["epoch"], note["batch"]
        self._epochs_before, self._data, self.stop_training = note["epochs_before"], note["data"], note["stopped"]
        self.history = History()
        self.history.history, self.history.epoch = note["history"], note["epochs"]
        self._meter = self._new_meter()
        self._meter.load_state(tree["meter"])
        if note["learning_rate"] is not None:
            self.learning_rate = note["learning_rate"]
        self._resume = tree["callbacks"] if note["running"] else None
        return self


_FACTS = ("batch_size", "shuffle", "seed", "drop_last")


def resolved(wanted: Iterable[Any]) -> list[Any]:
    """The metrics with their names."""
    return [metrics.resolve(metric) for metric in wanted]


def _batches(x: Any, y: Any, batch_size: int, seed: int, shuffle: bool) -> data.Batches:
    if isinstance(x, data.Batches):
        if y is not None:
            raise ValueError("x is made of batches already: they hold y too")
        return x
    if y is None:
        raise ValueError("y is missing: give the targets, or data.batches((x, y), ...) as x")
    _step_errors.check_data(x, "x")
    _step_errors.check_data(y, "y")
    return data.batches((x, y), batch_size, shuffle, seed)


def _pair(batch: Any) -> tuple[Any, Any]:
    if not isinstance(batch, tuple) or len(batch) != 2:
        raise ValueError(f"a batch must be a pair (x, y), not a {type(batch).__name__}")
    return batch


def _check_validation(x: Any, y: Any) -> None:
    """What can be said of validation data before the first epoch is trained."""
    for part, arrays in enumerate((x, y)):
        if arrays is not None and not isinstance(x, data.Batches):
            _step_errors.check_data(arrays, f"validation_data[{part}]")


def _length(x: Any) -> int:
    return len(trees.leaves(x)[0])
