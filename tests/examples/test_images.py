"""The examples with images in a short form: they learn, go on after an interruption, and are judged by other means."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

from srcad_runtime.callbacks import ModelCheckpoint

from examples.images import boxes, detection, digits, scenes
from examples.images.boxes import Detections


@pytest.fixture(scope="module")
def read() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return digits.load()


@pytest.fixture(scope="module")
def composed():
    return detection.load(48, 12)


# ---- digits ----


def test_a_few_epochs_read_most_digits(read, tmp_path: Path) -> None:
    x, y, x_test, y_test = read
    trainer = digits.make_trainer(3, len(x), backend="numpy")
    history = digits.train(trainer, x, y, (x_test, y_test), epochs=3, verbose=0)
    assert history.history["val_accuracy"][-1] > 0.9
    assert all(p.dtype == np.float32 for part in trainer.params.values() for p in part.values())
    guesses = np.argmax(trainer.predict(x_test), axis=1)
    digits.draw(history, y_test, guesses, x_test, tmp_path / "digits.png")
    assert (tmp_path / "digits.png").stat().st_size > 10_000


def test_the_held_out_quarter_is_apart(read) -> None:
    x, y, x_test, y_test = read
    assert len(x_test) == len(y_test) == 450 and len(x) == 1347
    seen = {image.tobytes() for image in x}
    assert not any(image.tobytes() in seen for image in x_test)


def test_a_run_goes_on_where_it_was(read, tmp_path: Path) -> None:
    x, y, x_test, y_test = read
    x, y, held_out = x[:160], y[:160], (x_test[:50], y_test[:50])
    whole = digits.make_trainer(2, 160, backend="numpy")
    digits.train(whole, x, y, held_out, epochs=2, verbose=0)
    first = digits.make_trainer(2, 160, backend="numpy")
    digits.train(first, x, y, held_out, 1, [ModelCheckpoint(tmp_path / "run.safetensors")], verbose=0)
    second = digits.make_trainer(2, 160, backend="numpy").restore(tmp_path / "run.safetensors")
    digits.train(second, x, y, held_out, epochs=2, verbose=0)
    np.testing.assert_array_equal(second.predict(x_test), whole.predict(x_test))


def test_the_same_network_in_pytorch_has_the_same_losses(read) -> None:
    torch = pytest.importorskip("torch")
    x, y, _, _ = (a.astype(np.float64) if a.dtype.kind == "f" else a for a in read)
    params = digits.start(np.random.default_rng(0), np.float64)
    theirs = {k: {n: torch.tensor(v, requires_grad=True) for n, v in p.items()} for k, p in params.items()}
    optimizer = torch.optim.SGD([t for part in theirs.values() for t in part.values()], lr=0.1)
    nn = torch.nn.functional

    def their_model(x):
        edges = nn.relu(nn.conv2d(x, *theirs["first"].values(), padding=1))
        strokes = nn.relu(nn.conv2d(edges, *theirs["second"].values(), padding=1))
        features = nn.relu(nn.linear(nn.max_pool2d(strokes, 2).flatten(1), *theirs["hidden"].values()))
        return nn.linear(features, *theirs["out"].values())

    from srcad_runtime import losses, optimizers
    from srcad_runtime.training import Trainer

    ours = Trainer(digits.model, params, losses.cross_entropy, optimizers.sgd(0.1), backend="numpy")
    for k in range(10):
        part = slice(32 * k, 32 * k + 32)
        optimizer.zero_grad()
        value = nn.cross_entropy(their_model(torch.tensor(x[part])), torch.tensor(y[part]))
        value.backward()
        optimizer.step()
        history = ours.fit(x[part], y[part], epochs=1, shuffle=False, verbose=0)
        assert history.history["loss"][0] == pytest.approx(value.item(), rel=1e-12)


@pytest.mark.slow
def test_it_reads_what_it_promises(read) -> None:
    x, y, x_test, y_test = read
    trainer = digits.make_trainer(40, len(x), backend="numpy")
    digits.train(trainer, x, y, (x_test, y_test), epochs=40, verbose=0)
    assert trainer.evaluate(x_test, y_test)["accuracy"] >= 0.985


# ---- boxes ----


def brute_overlap(a: np.ndarray, b: np.ndarray) -> float:
    """By counting pixels of boxes with whole corners."""
    inside = [{(x, y) for x in range(int(p[0]), int(p[2])) for y in range(int(p[1]), int(p[3]))} for p in (a, b)]
    return len(inside[0] & inside[1]) / len(inside[0] | inside[1])


def some_boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    corner = rng.integers(0, 8, (count, 2))
    return np.concatenate([corner, corner + rng.integers(1, 8, (count, 2))], axis=1).astype(float)


def test_overlaps_count_pixels() -> None:
    rng = np.random.default_rng(0)
    a, b = some_boxes(rng, 20), some_boxes(rng, 15)
    expected = [[brute_overlap(p, q) for q in b] for p in a]
    np.testing.assert_allclose(boxes.overlaps(a, b), expected, rtol=1e-12)


def test_suppression_keeps_the_best_of_those_that_overlap() -> None:
    rng = np.random.default_rng(1)
    found = Detections(some_boxes(rng, 30), rng.integers(0, 3, 30), rng.permutation(30) / 30.0)
    kept = boxes.suppress(found, 0.4)
    assert (np.diff(kept.scores) < 0).all()
    shared = boxes.overlaps(kept.boxes, kept.boxes)
    assert (shared[~np.eye(len(shared), dtype=bool)] <= 0.4).all()
    for box, score in zip(found.boxes, found.scores):  # whatever went overlaps a better one that stayed
        better = kept.boxes[kept.scores >= score]
        assert score in kept.scores or boxes.overlaps(box[None], better).max() > 0.4


def test_average_precision_by_hand() -> None:
    here, there = np.array([0.0, 0, 4, 4]), np.array([10.0, 10, 14, 14])
    truth = [Detections(np.array([here, there]), np.array([1, 1]), np.ones(2))]

    def found(*claims):
        where, scores = zip(*claims)
        return [Detections(np.array(where), np.ones(len(claims), int), np.array(scores))]

    assert boxes.average_precision(found((here, 0.9), (there, 0.8)), truth, 1) == 1.0
    assert boxes.average_precision(found((here, 0.9)), truth, 1) == 0.5
    assert boxes.average_precision(found((here, 0.9), (here, 0.8)), truth, 1) == 0.5  # the same one twice
    # a false one between two right ones: precision 1 up to recall 1/2, then 2/3
    far = np.array([20.0, 20, 24, 24])
    value = boxes.average_precision(found((here, 0.9), (far, 0.8), (there, 0.7)), truth, 1)
    assert value == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert np.isnan(boxes.average_precision(found((here, 0.9)), truth, 2))


def test_average_precision_is_that_of_ranking() -> None:
    """With one object in every scene and boxes that fit, it is the ranking's, as scikit-learn computes it for
    rankings whose precision falls."""
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(2)
    right = np.array([1, 1, 1, 0, 1, 0, 0, 1, 0, 0])
    box = np.array([[0.0, 0, 4, 4]])
    far = np.array([[9.0, 9, 13, 13]])
    scores = np.sort(rng.random(10))[::-1]
    truth = [Detections(box if r else np.empty((0, 4)), np.ones(r, int), np.ones(r)) for r in right]
    found = [Detections(box if r else far, np.ones(1, int), scores[k : k + 1]) for k, r in enumerate(right)]
    plain = average_precision_score(right, scores)
    ours = boxes.average_precision(found, truth, 1)
    envelope = np.maximum.accumulate((np.cumsum(right) / np.arange(1, 11))[::-1])[::-1]
    assert ours == pytest.approx(np.sum(envelope * right) / right.sum()) and ours >= plain - 1e-12


# ---- scenes and the detector ----


def test_scenes_hold_what_they_say(composed) -> None:
    x, truth, x_test, _ = composed
    assert x.shape == (48, 1, scenes.SIZE, scenes.SIZE) and x_test.shape[0] == 12
    for image, scene in zip(x[:, 0], truth):
        assert 1 <= len(scene.boxes) <= 5
        assert (scene.boxes >= 0).all() and (scene.boxes <= scenes.SIZE).all()
        for a, b in itertools.combinations(scene.boxes, 2):
            assert boxes.overlaps(a[None], b[None])[0, 0] == 0.0
        ink = np.zeros(image.shape, bool)
        for left, top, right, bottom in scene.boxes.astype(int):
            ink[top:bottom, left:right] = True
            assert image[top:bottom, left:right].mean() > image.mean()
        assert np.median(image[~ink]) < 0.4


def test_targets_and_boxes_are_inverse(composed) -> None:
    _, truth, _, _ = composed
    target = scenes.targets(truth)
    for n, scene in enumerate(truth):
        y, x = np.nonzero(target["object"][n])
        back = np.round(scenes.boxes_of(target["box"][n].astype(float))[y, x], 3)
        assert sorted(map(tuple, back)) == sorted(map(tuple, scene.boxes))
        assert sorted(target["label"][n][y, x]) == sorted(scene.labels)
        assert (target["label"][n][target["object"][n] == 0] == -100).all()


def test_perfect_answers_are_perfectly_found(composed) -> None:
    x, truth, _, _ = composed
    target = scenes.targets(truth)
    answers = np.zeros((len(x), detection.ANSWERS, scenes.CELLS, scenes.CELLS))
    answers[:, 0] = 40.0 * target["object"] - 20.0
    answers[:, 1:5] = target["box"]
    for label in range(10):
        answers[:, 5 + label] = 30.0 * (target["label"] == label)

    class Oracle:
        def predict(self, x: np.ndarray) -> np.ndarray:
            return answers

    assert boxes.mean_average_precision(detection.detect(Oracle(), x), truth) == 1.0


def test_the_detector_learns(composed, tmp_path: Path) -> None:
    x, truth, x_test, truth_test = composed
    trainer = detection.make_trainer(4 * 2, backend="numpy")
    history = trainer.fit(x, scenes.targets(truth), epochs=4, verbose=0)
    assert history.history["loss"][-1] < 0.7 * history.history["loss"][0]
    found = detection.detect(trainer, x_test, least=0.0)
    assert len(found) == 12 and all(len(f.boxes) for f in found)
    detection.draw(x_test, found, truth_test, "scenes", tmp_path / "detection.png")
    assert (tmp_path / "detection.png").stat().st_size > 10_000


def test_the_detectors_gradient_is_right(composed) -> None:
    """Against differences along random directions, in float64."""
    import srcad

    x, truth, _, _ = composed
    x, target = x[:2].astype(float), scenes.targets(truth[:2])
    target = {k: v.astype(float) if v.dtype.kind == "f" else v for k, v in target.items()}
    rng = np.random.default_rng(3)
    params = detection.start(rng, np.float64)

    def objective(params, x, target):
        return detection.loss(detection.model(params, x), target)

    _, gradient = srcad.value_and_grad(objective, backend="numpy")(params, x, target)
    for _ in range(3):
        way = {k: {n: rng.standard_normal(a.shape) for n, a in part.items()} for k, part in params.items()}
        slope = sum(np.sum(gradient[k][n] * way[k][n]) for k in params for n in params[k])

        def moved(h: float, way=way) -> float:
            there = {k: {n: a + h * way[k][n] for n, a in part.items()} for k, part in params.items()}
            return float(objective(there, x, target))

        h = 1e-6
        assert (moved(h) - moved(-h)) / (2 * h) == pytest.approx(slope, rel=1e-5)
