"""The benchmark suite itself: its checks find mistakes, its programs and hand-written adjoints are right."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from benchmarks import measure, peers, report
from benchmarks.__main__ import _arguments
from benchmarks.case import SIZES, all_cases
from benchmarks.measure import Reading
from benchmarks.programs import generated
from benchmarks.runner import Run, _groups

CASES = all_cases()


def written(package: str) -> list[str]:
    """The programs that have a version in a package, without importing what may not be installed."""
    found = []
    for name, case in CASES.items():
        spec = importlib.util.find_spec(f"benchmarks.{package}.{case.theme}")
        if spec is not None and spec.origin is not None:
            with open(spec.origin, encoding="utf-8") as file:
                text = file.read()
            if f"def {name}(" in text or f'"{name}"' in text:
                found.append(name)
    return found


def test_every_program_has_both_jax_versions():
    assert written("jax_beginner") == written("jax_expert") == list(CASES)


def test_at_least_ten_limits():
    assert len(written("by_hand")) >= 10


@pytest.mark.parametrize("name", list(CASES))
def test_inputs_are_the_same_at_every_call(name):
    case = CASES[name]
    assert tuple(case.sizes) == SIZES
    for one, other in zip(case.args("tiny"), case.args("tiny")):
        np.testing.assert_array_equal(one, other)
    for position in case.wrt:
        assert np.asarray(case.args("tiny")[position]).dtype == np.float64


def judged(name: str, peer: str, size: str = "tiny") -> Reading:
    (reading,) = measure.measure(CASES[name], size, [peer], repeat=1)
    return reading


@pytest.mark.parametrize("name", ["van_der_pol", "trisolv", "seidel_2d"])
def test_by_hand_against_differences(name):
    reading = judged(name, "by hand")
    assert (reading.status, reading.note) == ("ok", "")


@pytest.mark.slow
@pytest.mark.parametrize("name", written("by_hand"))
def test_all_by_hand_against_differences(name):
    reading = judged(name, "by hand")
    assert (reading.status, reading.note) == ("ok", "")


@pytest.mark.slow
@pytest.mark.parametrize("peer", ["JAX expert", "JAX beginner"])
@pytest.mark.parametrize("name", list(CASES))
def test_jax_against_differences(name, peer):
    pytest.importorskip("jax")
    reading = judged(name, peer)
    assert (reading.status, reading.note) == ("ok", "")


@pytest.mark.slow
@pytest.mark.parametrize("name", written("torch_eager"))
def test_torch_against_differences(name):
    pytest.importorskip("torch")
    reading = judged(name, "torch")
    assert (reading.status, reading.note) == ("ok", "")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CASES))
def test_srcad_against_differences(name):
    reading = judged(name, "srcad NumPy")
    assert (reading.status, reading.note) == ("ok", "")


def a_peer(result):
    """A peer that always answers with `result`, or raises it."""

    def prepare(case, args):
        if isinstance(result, Exception):
            raise result
        return peers.Prepared(lambda: result, lambda arrays: arrays)

    return prepare


def right(name: str) -> tuple[np.ndarray, ...]:
    case = CASES[name]
    prepared = peers.PEERS["by hand"](case, case.args("tiny"))
    return prepared.arrays(prepared.call())


def test_a_wrong_gradient_is_never_timed(monkeypatch):
    value, b_bar, *rest = right("van_der_pol")
    monkeypatch.setitem(peers.PEERS, "right", a_peer((value, b_bar, *rest)))
    monkeypatch.setitem(peers.PEERS, "bad gradient", a_peer((value, b_bar * (1.0 + 1e-5), *rest)))
    monkeypatch.setitem(peers.PEERS, "bad value", a_peer((value + 1e-6, b_bar, *rest)))
    good, *bad = measure.measure(CASES["van_der_pol"], "tiny", ["right", "bad gradient", "bad value"], 2)
    assert good.status == "ok" and len(good.times) == 2
    assert [(reading.status, reading.times) for reading in bad] == [("wrong", []), ("wrong", [])]
    assert "derivative" in bad[0].note and "value" in bad[1].note


def test_a_wrong_primal_is_no_denominator(monkeypatch):
    result = right("van_der_pol")
    monkeypatch.setitem(peers.PEERS, "primal", a_peer((result[0] + 1e-3,)))
    monkeypatch.setitem(peers.PEERS, "right", a_peer(result))
    primal, _ = measure.measure(CASES["van_der_pol"], "tiny", ["primal", "right"], 1)
    assert (primal.status, primal.times) == ("wrong", [])


def test_larger_sizes_compare_peers_with_each_other(monkeypatch):
    value, *gradients = right("van_der_pol")
    monkeypatch.setitem(peers.PEERS, "one", a_peer((value, *gradients)))
    monkeypatch.setitem(peers.PEERS, "two", a_peer((value, *[g + 1e-3 for g in gradients])))
    one, two = measure.measure(CASES["van_der_pol"], "small", ["one", "two"], 1)
    assert (one.status, two.status) == ("ok", "wrong") and "one" in two.note


def test_what_a_peer_raises_becomes_a_status(monkeypatch):
    class Unsupported(SyntaxError):
        pass

    for name, error in {"a": peers.Missing("x"), "b": Unsupported("no"), "c": ZeroDivisionError("z")}.items():
        monkeypatch.setitem(peers.PEERS, name, a_peer(error))
    readings = measure.measure(CASES["gemm"], "tiny", ["a", "b", "c"], 1)
    assert [reading.status for reading in readings] == ["missing", "refused", "error"]


def test_a_result_that_changes_is_wrong(monkeypatch):
    def prepare(case, args):
        state = []
        return peers.Prepared(lambda: state.append(0) or len(state), lambda n: (np.asarray(float(n)),))

    monkeypatch.setitem(peers.PEERS, "drift", prepare)
    (reading,) = measure.measure(CASES["gemm"], "tiny", ["drift"], 1)
    assert reading.status == "wrong"


def test_arguments_are_not_written():
    case = CASES["jacobi_1d"]
    args = case.args("tiny")
    peers.PEERS["by hand"](case, args).call()
    for ours, fresh in zip(args, case.args("tiny")):
        np.testing.assert_array_equal(ours, fresh)


def some_runs() -> list[Run]:
    ok = [Reading("primal", "ok", times=[1e-3] * 3), Reading("srcad", "ok", times=[2e-3] * 3, first=1.0)]
    slow, bad = Reading("JAX expert", "ok", times=[6e-3] * 3), Reading("torch", "wrong", "disagrees with all")
    ratios = {"primal": 1.0, "srcad": 2.0, "JAX expert": 6.0}
    return [Run("gemm", "small", 1, (*ok, slow, bad), ratios), Run("adi", "small", 1, tuple(ok), ratios)]


def test_report():
    text = report.markdown(some_runs(), CASES, ["primal", "srcad", "JAX expert", "torch"], "python -m benchmarks", [])
    assert "| gemm | small | 1 ms* | 2.00 | 6.00 | wrong |" in text
    assert "| adi | small | 1 ms | 2.00 | - | - |" in text
    assert "| JAX expert | products | 1 | 3.00 | 3.00 gemm (small) | 3.00 gemm (small) |" in text
    assert "gemm (small, 1 threads), torch: wrong: disagrees" in text


def test_plot(tmp_path):
    pytest.importorskip("matplotlib")
    assert report.plot(some_runs(), ["primal", "srcad", "JAX expert"], tmp_path / "results.png")
    assert (tmp_path / "results.png").stat().st_size > 1000


def test_slow_compilers_are_kept_apart():
    groups = list(_groups(["primal", "srcad", "by hand", "JAX beginner"]))
    assert groups == [
        (["primal", "srcad", "by hand"], ["primal", "srcad", "by hand"]),
        (["primal", "by hand", "JAX beginner"], ["JAX beginner"]),
    ]


def test_command_line():
    chosen = _arguments(["adi", "--sizes", "tiny,small", "--peers", "srcad, by hand", "--threads", "1,0"])
    assert (chosen.names, chosen.sizes, chosen.threads) == (["adi"], ["tiny", "small"], [1, 0])
    assert chosen.peers == ["srcad", "by hand"]
    with pytest.raises(SystemExit):
        _arguments(["--sizes", "huge"])


def test_generated_programs_have_as_many_statements_as_they_say():
    for length in generated.LENGTHS:
        text = generated.text(length)
        assert text.count("    v") == length - 1  # the first line sets three variables
        assert np.isfinite(generated.load(length)(np.ones(4), np.full(8, 0.1)))


@pytest.mark.slow
def test_end_to_end(capsys):
    from benchmarks.__main__ import main

    assert main(["van_der_pol", "--quick", "--sizes", "tiny", "--peers", "primal,by hand,srcad NumPy"]) == 0
    text = capsys.readouterr().out
    assert "| van_der_pol | tiny |" in text and "None." in text


def test_what_was_measured_before_an_interruption_is_written(monkeypatch, tmp_path):
    from benchmarks import __main__ as command

    def measured(case, size, peers, threads, repeat, limit):
        if case.name == "lu":
            raise KeyboardInterrupt
        return Run(case.name, size, threads, (Reading("primal", "ok", times=[1.0]),), {"primal": 1.0})

    monkeypatch.setattr(command, "run", measured)
    output = tmp_path / "RESULTS.md"
    output.write_text("\n## Generated programs\nkept\n")
    with pytest.raises(KeyboardInterrupt):
        command.main(["cholesky", "lu", "--sizes", "small", "--threads", "1", "--output", str(output)])
    text = output.read_text()
    assert "| cholesky | small |" in text and "kept" in text
