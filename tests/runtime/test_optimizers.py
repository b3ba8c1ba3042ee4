"""Optimizers against optax and torch.optim, step by step; purity; the compiled in-place step."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pytest
from srcad_runtime import optimizers, schedules, trees

STEPS = 100


class Layer(NamedTuple):
    w: Any
    b: Any


def start() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {"embed": rng.normal(size=(4, 3)), "layers": [Layer(rng.normal(size=(3, 2)), np.array(0.5))]}


def gradients(params: Any, seed: int = 1) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [
        trees.map(lambda p: np.asarray(rng.normal(size=np.shape(p)) * 10.0 ** rng.integers(-3, 2)), params)
        for _ in range(STEPS)
    ]


def exact(schedule: Any) -> Any:
    """JAX divides its int32 step count in float32, which would hide agreement beyond the seventh digit."""
    return lambda count: schedule(count * 1.0)


CASES: dict[str, tuple[Any, ...]] = {
    "sgd": (lambda o, s: o.sgd(0.1),),
    "momentum": (lambda o, s: o.sgd(0.1, momentum=0.9),),
    "nesterov": (lambda o, s: o.sgd(0.1, momentum=0.9, nesterov=True),),
    "sgd scheduled": (lambda o, s: o.sgd(s.cosine_decay_schedule(0.1, 50)),),
    "rmsprop": (lambda o, s: o.rmsprop(0.01),),
    "rmsprop centered": (lambda o, s: o.rmsprop(0.01, centered=True, momentum=0.9, nesterov=True),),
    "rmsprop momentum": (lambda o, s: o.rmsprop(0.01, momentum=0.9),),
    "rmsprop nesterov": (lambda o, s: o.rmsprop(exact(s.linear_schedule(0.01, 0.0, 50)), momentum=0.9, nesterov=True),),
    "rmsprop centered alone": (lambda o, s: o.rmsprop(0.01, centered=True, eps_in_sqrt=False, initial_scale=1.0),),
    "rmsprop corrected": (lambda o, s: o.rmsprop(0.01, eps_in_sqrt=False, bias_correction=True),),
    "rmsprop centered corrected": (
        lambda o, s: o.rmsprop(0.01, centered=True, initial_scale=9.0, bias_correction=True),
    ),
    "adagrad": (lambda o, s: o.adagrad(0.1),),
    "adagrad from zero": (lambda o, s: o.adagrad(0.1, initial_accumulator_value=0.0),),
    "adadelta": (lambda o, s: o.adadelta(1.0, weight_decay=0.01),),
    "adam": (lambda o, s: o.adam(0.01),),
    "adam root": (lambda o, s: o.adam(0.01, eps_root=1e-6),),
    "adam scheduled": (lambda o, s: o.adam(exact(s.warmup_cosine_decay_schedule(0.0, 0.1, 10, 80))),),
    "amsgrad": (lambda o, s: o.amsgrad(0.01),),
    "amsgrad uncorrected": (lambda o, s: o.amsgrad(0.01, bias_correction_mu=False, bias_correction_nu=False),),
    "adamax": (lambda o, s: o.adamax(0.01),),
    "adamw": (lambda o, s: o.adamw(0.01, weight_decay=0.1),),
    "adamw decay scheduled": (lambda o, s: o.adamw(0.01, weight_decay=exact(s.linear_schedule(0.1, 0.0, 50))),),
    "adamw masked": (
        lambda o, s: o.adamw(0.01, weight_decay=0.1, mask={"layers": [Layer(True, False)], "embed": True}),
    ),
    "nadam": (lambda o, s: o.nadam(0.01),),
    "nadamw": (lambda o, s: o.nadamw(0.01),),
    "lamb": (lambda o, s: o.lamb(0.01, weight_decay=0.01),),
    "lamb scheduled": (lambda o, s: o.lamb(exact(s.linear_schedule(0.1, 0.0, 50)), eps_root=1e-6),),
    "lamb masked": (lambda o, s: o.lamb(0.01, weight_decay=0.1, mask={"layers": [Layer(True, False)], "embed": True}),),
    "lars": (lambda o, s: o.lars(0.1, weight_decay=0.01),),
    "lion": (lambda o, s: o.lion(0.01),),
    "radam": (lambda o, s: o.radam(0.01),),
    "radam nesterov": (lambda o, s: o.radam(0.01, nesterov=True),),
    "clipped adam": (lambda o, s: o.chain(o.clip_by_global_norm(1.0), o.adam(0.01)),),
    "clip": (lambda o, s: o.chain(o.clip(0.5), o.clip_by_block_rms(0.3), o.sgd(0.1)),),
    "decay": (lambda o, s: o.chain(o.add_decayed_weights(0.1), o.sgd(0.1, momentum=0.9)),),
    "ema": (lambda o, s: o.chain(o.ema(0.9), o.scale(-0.1)),),
    "ema biased": (lambda o, s: o.chain(o.ema(0.9, debias=False), o.scale(-0.1)),),
    "apply_every": (lambda o, s: o.chain(o.apply_every(3), o.sgd(0.1)),),
    "multi steps": (lambda o, s: o.MultiSteps(o.adam(0.01), 4, accumulator_dtype=np.float64),),
    "multi steps sum": (lambda o, s: o.MultiSteps(o.sgd(0.01), lambda t: t % 3 + 1, use_grad_mean=False),),
}


def close(ours: Any, theirs: Any, tolerance: float = 1e-12) -> None:
    assert len(trees.leaves(ours)) == len(trees.leaves(theirs))
    for (path, a), b in zip(trees.paths(ours), trees.leaves(theirs)):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=tolerance, atol=tolerance, err_msg=path)


@pytest.fixture(scope="module")
def optax() -> Any:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    return pytest.importorskip("optax")


@pytest.mark.parametrize("name", CASES)
def test_every_step_equals_optax(name: str, optax: Any) -> None:
    import jax

    make = CASES[name][0]
    ours, theirs = make(optimizers, schedules), make(optax, optax)
    params, expected = start(), jax.tree.map(jax.numpy.asarray, start())
    state, their_state, step = ours.init(params), theirs.init(expected), jax.jit(theirs.update)
    written, written_state = trees.copy(params), ours.init(params)
    plain, plain_state = trees.copy(params), ours.init(params)
    for grads in gradients(params):
        updates, their_state = step(grads, their_state, expected)
        expected = optax.apply_updates(expected, updates)
        updates, state = ours.update(grads, state, params)
        params = optimizers.apply_updates(params, updates)
        assert ours.update_into(written, grads, written_state) is written_state
        ours.update_into(plain, grads, plain_state, compiled=False)
        for found in (params, written, plain):
            close(found, expected)
    close(state, written_state)


@pytest.mark.parametrize(
    ("make", "torch_name", "options"),
    [
        (lambda: optimizers.adamw(0.01, weight_decay=0.01), "AdamW", {"lr": 0.01}),
        (lambda: optimizers.adam(0.01), "Adam", {"lr": 0.01}),
        (
            lambda: optimizers.sgd(0.1, momentum=0.9, nesterov=True),
            "SGD",
            {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        ),
    ],
)
def test_every_step_equals_torch(make: Any, torch_name: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    params = start()
    theirs = [torch.nn.Parameter(torch.tensor(np.asarray(p))) for p in trees.leaves(params)]
    optimizer, ours = getattr(torch.optim, torch_name)(theirs, **options), make()
    state = ours.init(params)
    for grads in gradients(params):
        for p, g in zip(theirs, trees.leaves(grads)):
            p.grad = torch.tensor(g)
        optimizer.step()
        ours.update_into(params, grads, state)
        close(params, [p.detach().numpy() for p in theirs])


@pytest.mark.parametrize("name", CASES)
def test_update_writes_nothing(name: str) -> None:
    ours, params = CASES[name][0](optimizers, schedules), start()
    grads, state = gradients(params)[0], ours.init(params)
    everything = (params, grads, state)
    before = trees.copy(everything)
    for leaf in trees.leaves(everything):
        leaf.flags.writeable = False
    first = ours.update(grads, state, params)
    close(first, ours.update(grads, state, params), 0.0)
    close(everything, before, 0.0)


@pytest.mark.parametrize(
    "name", ["sgd", "nesterov", "adam", "adamw masked", "lion", "radam", "rmsprop", "lamb", "adagrad"]
)
def test_float32_stays_float32(name: str) -> None:
    ours = CASES[name][0](optimizers, schedules)
    params = trees.map(lambda p: np.asarray(p, np.float32), start())
    state, grads = ours.init(params), trees.map(lambda p: np.asarray(p, np.float32), gradients(start())[0])
    updates, state = ours.update(grads, state, params)
    for leaf in trees.leaves((updates, optimizers.apply_updates(params, updates))):
        assert leaf.dtype == np.float32
    written = trees.copy(params)
    ours.update_into(written, grads, ours.init(params))
    close(written, optimizers.apply_updates(params, updates), 1e-6)


def test_update_into_on_any_layout() -> None:
    rng = np.random.default_rng(0)
    big = rng.normal(size=(6, 8))
    params = [big[::2, ::-1].T, np.asfortranarray(rng.normal(size=(3, 2)))]
    grads = [np.asfortranarray(rng.normal(size=(8, 3))), rng.normal(size=(3, 2))]
    ours, untouched = optimizers.adam(0.1), big[1::2].copy()
    updates, _ = ours.update(grads, ours.init(params), params)
    expected = optimizers.apply_updates(params, updates)
    ours.update_into(params, grads, ours.init(params))
    close(params, expected, 1e-14)
    np.testing.assert_array_equal(big[1::2], untouched)


@pytest.mark.parametrize(
    "make", [lambda: optimizers.sgd(0.1), lambda: optimizers.sgd(0.1, 0.9), lambda: optimizers.adam(0.1)]
)
def test_small_arrays_go_together(make: Any) -> None:
    """In fours, what is left alone; float32 and what is not contiguous among them."""
    rng = np.random.default_rng(0)
    sizes = [(3,), (2, 2), (), (1, 2, 3), (5,), (4,), (2,), (7,), (1,)]
    params: list[Any] = [rng.normal(size=size) for size in sizes]
    params += [rng.normal(size=(3, 2)).astype(np.float32), rng.normal(size=(3, 2)).T, rng.normal(size=6)[::2]]
    grads = [rng.normal(size=p.shape) for p in params]
    plain, opt = trees.copy(params), make()
    state, plain_state = opt.init(params), opt.init(plain)
    for _ in range(3):
        opt.update_into(params, grads, state)
        opt.update_into(plain, grads, plain_state, compiled=False)
    for found, expected in zip(params, plain):
        tolerance = 1e-6 if expected.dtype == np.float32 else 1e-13
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("make", [lambda: optimizers.sgd(0.1, 0.9), lambda: optimizers.adam(0.1)])
def test_what_is_known_of_the_last_step_is_asked_again(make: Any) -> None:
    """Arrays that take another's place, gradients of another layout or read-only ones, a state begun anew."""
    rng = np.random.default_rng(0)

    def rebound(params: Any, grads: Any, state: Any) -> tuple[Any, Any, Any]:
        return {**params, "w": params["w"] + 1.0}, grads, state

    def in_place(params: Any, grads: Any, state: Any) -> tuple[Any, Any, Any]:
        params["b"][0]["c"] = np.ones(3)
        return params, grads, state

    def fortran(params: Any, grads: Any, state: Any) -> tuple[Any, Any, Any]:
        return params, {"w": np.asfortranarray(grads["w"]), "b": grads["b"]}, state

    def read_only(params: Any, grads: Any, state: Any) -> tuple[Any, Any, Any]:
        return params, {"w": np.broadcast_to(1.0, (4, 3)), "b": [{"c": np.ones(6)[::2]}]}, state

    def in_single(params: Any, grads: Any, state: Any) -> tuple[Any, Any, Any]:
        return params, trees.map(lambda g: g.astype(np.float32), grads), state

    def anew(params: Any, grads: Any, state: Any) -> tuple[Any, Any, Any]:
        return params, {"b": grads["b"], "w": grads["w"]}, make().init(params)

    opt, plain = make(), make()
    given = {"w": rng.normal(size=(4, 3)), "b": [{"c": rng.normal(size=3)}]}
    ours, theirs = (given, None, opt.init(given)), (trees.copy(given), None, opt.init(given))
    for change in (lambda *all_: all_, rebound, in_place, fortran, read_only, in_single, anew, in_place, rebound):
        grads = trees.map(lambda p: rng.normal(size=p.shape), given)
        ours, theirs = change(ours[0], grads, ours[2]), change(theirs[0], grads, theirs[2])
        for _ in range(2):
            opt.update_into(*ours)
            plain.update_into(theirs[0], trees.map(np.float64, theirs[1]), theirs[2], compiled=False)
        close(ours[0], theirs[0])
    ours[0]["w"].flags.writeable = False
    with pytest.raises(TypeError, match=r"writable arrays; params\['w'\]"):
        opt.update_into(*ours)
    with pytest.raises(ValueError, match=r"shape \(3,\), its gradient \(4,\)"):
        opt.update_into(theirs[0], {"w": theirs[0]["w"], "b": [{"c": np.ones(4)}]}, theirs[2])


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy])
def test_a_copy_steps_its_own_arrays(copied: Any) -> None:
    """Optimizer, parameters and state copied together: what is known of the last step must not come along."""
    opt, params = optimizers.adam(0.1), {"w": np.ones((2, 2))}
    state = opt.init(params)
    opt.update_into(params, {"w": np.ones((2, 2))}, state)
    again, own, own_state = copied([opt, params, state])
    for _ in range(2):
        again.update_into(own, {"w": np.ones((2, 2))}, own_state)
    np.testing.assert_allclose(own["w"], 0.7, rtol=1e-6)
    np.testing.assert_allclose(params["w"], 0.9 if copied is copy.deepcopy else 0.7, rtol=1e-6)


@pytest.mark.parametrize("make", [optimizers.adam, optimizers.lamb])
def test_large_arrays_are_cut_into_pieces(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the step does not need a norm of the whole array."""
    from srcad_runtime import fused

    rng = np.random.default_rng(0)
    params, grads, ours = rng.normal(size=1000), rng.normal(size=1000), make(0.1)
    whole = params.copy()
    ours.update_into(whole, grads, ours.init(whole))
    monkeypatch.setattr(fused, "PIECE", 256)
    monkeypatch.setattr(fused, "_threads", lambda: 3)
    ours.update_into(params, grads, ours.init(params))
    np.testing.assert_array_equal(params, whole)


def test_dict_order_does_not_matter() -> None:
    ours, params = optimizers.sgd(1.0), {"a": np.zeros(2), "b": np.zeros(2)}
    grads = {"b": np.ones(2), "a": np.full(2, 5.0)}
    ours.update_into(params, grads, ours.init(params))
    np.testing.assert_array_equal(params["a"], -5.0)


def test_scalars_and_dataclasses() -> None:
    @dataclasses.dataclass(frozen=True)
    class Model:
        w: Any
        b: Any
        name: str = "line"

    params = Model(np.ones(2), 0.5)
    ours = optimizers.adam(0.1)
    updates, _ = ours.update(Model(np.ones(2), 1.0), ours.init(params), params)
    params = optimizers.apply_updates(params, updates)
    assert isinstance(params, Model) and params.name == "line" and isinstance(params.b, float)
    np.testing.assert_allclose(params.b, 0.4, rtol=1e-7)


@pytest.mark.parametrize(
    ("params", "grads", "error", "words"),
    [
        ({"w": np.ones(2), "b": 1.0}, {"w": np.ones(2), "b": 1.0}, TypeError, r"params\['b'\] is a float"),
        ({"w": np.ones(2)}, {"v": np.ones(2)}, ValueError, "trees differ at the top"),
        ({"w": np.ones(2)}, {"w": np.ones(3)}, ValueError, r"params\['w'\] has shape \(2,\), its gradient \(3,\)"),
        ([np.ones(2)], [np.ones(2), np.ones(2)], ValueError, "trees differ"),
    ],
)
def test_update_into_refuses(params: Any, grads: Any, error: type[Exception], words: str) -> None:
    for ours in (optimizers.adam(0.1), optimizers.rmsprop(0.1), optimizers.sgd(0.1)):
        with pytest.raises(error, match=words):
            ours.update_into(params, grads, ours.init(params))


def test_read_only_parameters_are_refused() -> None:
    params = np.ones(2)
    params.flags.writeable = False
    with pytest.raises(TypeError, match="writable"):
        optimizers.sgd(0.1).update_into(params, np.ones(2), optimizers.sgd(0.1).init(params))


def test_complex_parameters_take_the_pure_update() -> None:
    params, ours = np.array([1.0 + 2.0j]), optimizers.adam(0.1)
    state = ours.init(params)
    ours.update_into(params, np.array([0.5 - 1.0j]), state)
    assert abs(params[0] - (1.0 + 2.0j)) == pytest.approx(0.1, rel=1e-6)


def test_weights_need_parameters() -> None:
    ours = optimizers.lamb(0.1)
    with pytest.raises(ValueError, match="needs the parameters"):
        ours.update(np.ones(2), ours.init(np.ones(2)))


def test_apply_if_finite() -> None:
    ours = optimizers.apply_if_finite(optimizers.sgd(1.0), 2)
    params = np.zeros(1)
    state, bad, good = ours.init(params), np.array([np.nan]), np.ones(1)
    seen = []
    for grads in (good, bad, bad, good, bad, bad, bad):
        updates, state = ours.update(grads, state, params)
        seen.append(float(updates[0]))
    np.testing.assert_array_equal(seen, [-1, 0, 0, -1, 0, 0, np.nan])
    assert state.total_notfinite == 5 and not state.last_finite


def test_multi_steps_skip() -> None:
    ours = optimizers.MultiSteps(optimizers.sgd(1.0), 2, should_skip_update_fn=optimizers.skip_not_finite)
    params, moved = np.zeros(1), []
    state = ours.init(params)
    for grad in (1.0, np.nan, 3.0):
        ours.update_into(params, np.array([grad]), state)
        moved.append(ours.has_updated(state))
    assert moved == [False, False, True] and params[0] == -2.0


def test_multi_steps_write_what_they_have() -> None:
    """While batches are gathered nothing but the sum and the counts changes; the step is the inner one in place."""
    params, inner = np.ones(3), optimizers.adam(0.1)
    ours = optimizers.MultiSteps(inner, 2, accumulator_dtype=None)
    state = ours.init(params)
    arrays = trees.leaves(state)
    grads = np.arange(3.0)
    params.flags.writeable = False
    with pytest.raises(TypeError, match="writable"):
        ours.update_into(params, grads, state)
    assert int(state.mini_step) == 0
    params.flags.writeable = True
    ours.update_into(params, grads, state)
    np.testing.assert_array_equal(params, 1.0)
    np.testing.assert_array_equal(state.acc_grads, grads)
    ours.update_into(params, grads + 2.0, state)
    expected, once = np.ones(3), inner.init(params)
    inner.update_into(expected, grads + 1.0, once)
    np.testing.assert_array_equal(params, expected)
    np.testing.assert_array_equal(grads, np.arange(3.0))
    close(state.inner_opt_state, once, 0.0)
    assert int(state.gradient_step) == 1 and not state.acc_grads.any() and ours.has_updated(state)
    assert all(a is b for a, b in zip(trees.leaves(state), arrays))


def test_learning_rate_can_be_replaced() -> None:
    params, grads = np.zeros(1), np.ones(1)
    ours = optimizers.chain(optimizers.clip(10.0), optimizers.sgd(1.0, momentum=0.5))
    state = ours.init(params)
    ours.update_into(params, grads, state)
    slower = ours.with_learning_rate(0.1)
    assert slower.learning_rate == 0.1
    slower.update_into(params, grads, state)
    np.testing.assert_allclose(params, [-1.15])
    with pytest.raises(ValueError, match="schedule"):
        optimizers.adam(schedules.constant_schedule(0.1)).with_learning_rate(0.2)


def test_global_norm() -> None:
    assert optimizers.global_norm({"a": np.array([3.0]), "b": [4.0]}) == 5.0


def test_which_optimizers_are_one_compiled_pass() -> None:
    """All but lars, and those whose weight decay follows a schedule."""
    o = optimizers
    for opt in (
        o.sgd(0.1), o.sgd(0.1, 0.9), o.sgd(0.1, 0.9, True), o.adam(0.1), o.adamw(0.1), o.nadam(0.1), o.nadamw(0.1),
        o.amsgrad(0.1), o.adamax(0.1), o.radam(0.1), o.rmsprop(0.1), o.adagrad(0.1), o.adadelta(0.1), o.lion(0.1),
        o.rmsprop(0.1, momentum=0.9), o.rmsprop(0.1, centered=True), o.rmsprop(0.1, centered=True, momentum=0.9),
        o.lamb(0.1), o.lamb(0.1, mask=True), o.MultiSteps(o.adam(0.1), 2).gradient_transformation(),
        o.chain(o.clip_by_global_norm(1.0), o.adam(0.1)),
    ):  # fmt: skip
        assert opt.kernel is not None
