"""The benchmark suite itself: its checks find mistakes, its programs and hand-written adjoints are right."""

from __future__ import annotations

import importlib.util
import json
import platform
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import measure, peers, report, runner, store
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


@pytest.mark.parametrize("name", written("casadi_fold"))
def test_casadi_against_differences(name):
    pytest.importorskip("casadi")
    reading = judged(name, "CasADi")
    assert (reading.status, reading.note) == ("ok", "")


@pytest.mark.slow
@pytest.mark.parametrize("name", written("dace_ad"))
def test_dace_against_differences(name):
    pytest.importorskip("dace.autodiff")
    reading = judged(name, "DaCe")
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


def test_alone_on_larger_sizes_a_peer_is_checked_on_tiny_ones(monkeypatch):
    def prepare(case, args):
        good = peers.PEERS["by hand"](case, args)

        def arrays(result):
            value, *gradients = good.arrays(result)
            return value, *(2.0 * g for g in gradients)

        return peers.Prepared(good.call, arrays)

    monkeypatch.setitem(peers.PEERS, "doubled", prepare)
    names = ["primal", "doubled"]
    _, reading = measure.measure(CASES["van_der_pol"], "small", names, 1)
    assert (reading.status, reading.times) == ("wrong", []) and "derivative" in reading.note
    _, reading = measure.measure(CASES["van_der_pol"], "small", ["primal", "by hand"], 1)
    assert reading.status == "ok"


def test_what_is_written_by_hand_is_trusted_first(monkeypatch):
    case = CASES["van_der_pol"]
    prepared = peers.PEERS["by hand"](case, case.args("small"))
    value, *gradients = prepared.arrays(prepared.call())
    monkeypatch.setitem(peers.PEERS, "bad", a_peer((value, *[g + 1e-3 for g in gradients])))
    bad, good = measure.measure(case, "small", ["bad", "by hand"], 1)
    assert (bad.status, good.status) == ("wrong", "ok")


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


def test_what_the_other_peers_left_is_done(monkeypatch):
    rested: list[float] = []
    monkeypatch.setattr(measure.time, "sleep", rested.append)
    (reading,) = measure.measure(CASES["van_der_pol"], "tiny", ["by hand"], 3)
    assert rested == [measure.REST] * 3 and len(reading.times) == 3


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


ORIGIN = store.Origin("0123456789", "a machine", (0.25, 1.5))


def kept(tmp_path, runs=()):
    for run in runs or some_runs():
        figures = store.Figures.load(run.name, tmp_path)
        figures.add(run, ORIGIN)
        figures.save(tmp_path)
    return [store.Figures.load(path.stem, tmp_path) for path in sorted(tmp_path.glob("*.json"))]


def test_report(tmp_path):
    text = report.markdown(kept(tmp_path), CASES)
    assert "| gemm | small | 1 ms* | 2.00 | 6.00 | wrong | 0123456789 | 1.5 |" in text
    assert "| adi | small | 1 ms | 2.00 | - | - | 0123456789 | 1.5 |" in text
    assert text.index("| adi |") < text.index("| gemm |") and "\na machine\n" in text
    assert "| JAX expert | products | 1 | 3.00 | 3.00 gemm (small) | 3.00 gemm (small) |" in text
    assert "gemm (small, 1 threads), torch: wrong: disagrees" in text


def test_the_machine_has_the_kernels_of_blas():
    """A new process, since a library chooses once."""
    pytest.importorskip("threadpoolctl")
    environ = runner.environment(1, OPENBLAS_CORETYPE="Haswell")
    line = "import json; from benchmarks import report; print(json.dumps(report.machine()))"
    done = subprocess.run([sys.executable, "-c", line], env=environ, capture_output=True, text=True, check=True)
    machine = json.loads(done.stdout)
    if "OpenBLAS" not in machine or platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("SciPy has other products here")
    assert machine.endswith("; OpenBLAS for Haswell.")


def test_threads_stand_against_one():
    runs = [
        Run("jacobi_1d", "small", threads, (Reading("srcad", "ok", times=[time, 2.0 * time]),), {})
        for threads, time in ((1, 4e-3), (0, 2e-3))
    ]
    assert "| jacobi_1d | small | 4 ms | 2 ms | 2.00 |" in report.threaded(runs)
    assert "Geometric mean: 2.00." in report.threaded(runs)
    assert "All threads against one" not in report.tables(runs[:1], CASES, ["srcad"], {})


def test_figures_survive_the_file(tmp_path):
    first = some_runs()[0]
    (figures,) = kept(tmp_path, [first])
    (again,) = figures.runs()
    assert (again.size, again.threads, again.ratios) == (first.size, first.threads, first.ratios)
    assert sorted(again.readings, key=lambda r: r.peer) == sorted(first.readings, key=lambda r: r.peer)
    assert figures.origins("small", 1) == [ORIGIN] * 4 and not figures.origins("medium", 1)


def test_figures_of_other_peers_and_places_are_kept(tmp_path):
    ok, missing = Reading("JAX expert", "ok", times=[1e-3]), Reading("torch", "missing", "not installed")
    kept(tmp_path)
    (_, figures) = kept(tmp_path, [Run("gemm", "small", 1, (ok, missing), {"JAX expert": 1.5})])
    (run,) = figures.runs()
    assert run.ratios == {"primal": 1.0, "srcad": 2.0, "JAX expert": 1.5}
    assert {r.peer: r.status for r in run.readings}["torch"] == "wrong"  # what it was where it is installed


def test_plot(tmp_path):
    pytest.importorskip("matplotlib")
    assert report.plot(some_runs(), tmp_path / "results.png")
    assert (tmp_path / "results.png").stat().st_size > 1000


@pytest.mark.skipif(not store.FOLDER.is_dir(), reason="nothing was measured")
def test_results_are_what_the_figures_say(tmp_path):
    """`python -m benchmarks --report` writes it."""
    report.write(CASES, store.FOLDER, tmp_path / "RESULTS.md")
    results = (store.FOLDER.parent / "RESULTS.md").read_text()
    assert results.startswith((tmp_path / "RESULTS.md").read_text())


def test_slow_compilers_are_kept_apart():
    groups = list(_groups(["primal", "srcad", "by hand", "JAX beginner"]))
    assert groups == [
        (["primal", "srcad", "by hand"], ["primal", "srcad", "by hand"]),
        (["primal", "by hand", "srcad", "JAX beginner"], ["JAX beginner"]),
    ]


def test_nobody_is_measured_without_a_yardstick():
    assert list(_groups(["primal", "torch"])) == [(["primal", "torch", "by hand", "srcad"], ["primal", "torch"])]
    assert list(_groups(["primal", "srcad"])) == [(["primal", "srcad", "by hand"], ["primal", "srcad"])]


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


def measured_up_to(monkeypatch, stop, seen):
    from benchmarks import __main__ as command

    def measured(case, size, peers, threads, repeat, limit):
        if case.name == stop:
            raise KeyboardInterrupt
        seen.append((case.name, tuple(peers)))
        return Run(case.name, size, threads, tuple(Reading(p, "ok", times=[1.0]) for p in peers), {"primal": 1.0})

    monkeypatch.setattr(command, "run", measured)
    return command.main


def test_what_was_measured_before_an_interruption_is_not_measured_again(monkeypatch, tmp_path):
    output, seen = tmp_path / "RESULTS.md", []
    output.write_text("\n## Generated programs\nkept\n")
    words = ["cholesky", "lu", "--sizes", "small", "--threads", "1", "--peers", "primal,srcad", "--missing"]
    words += ["--output", str(output), "--figures", str(tmp_path / "figures")]
    with pytest.raises(KeyboardInterrupt):
        measured_up_to(monkeypatch, "lu", seen)(words)
    assert measured_up_to(monkeypatch, "", seen)(words) == 0
    assert seen == [("cholesky", ("primal", "srcad")), ("lu", ("primal", "srcad"))]
    text = output.read_text()
    assert "| cholesky | small |" in text and "| lu | small |" in text and text.endswith("kept\n")
    words[words.index("primal,srcad")] = "primal,torch"  # another peer, another day
    measured_up_to(monkeypatch, "", seen)(words)
    assert seen[2:] == [("cholesky", ("primal", "torch")), ("lu", ("primal", "torch"))]
    monkeypatch.setattr(store, "commit", lambda: "another")
    measured_up_to(monkeypatch, "", seen)(words)
    assert len(seen) == 6


def test_a_report_measures_nothing(monkeypatch, tmp_path):
    (tmp_path / "figures").mkdir()
    kept(tmp_path / "figures")
    output, seen = tmp_path / "RESULTS.md", []
    words = ["--report", "--output", str(output), "--figures", str(tmp_path / "figures")]
    assert measured_up_to(monkeypatch, "", seen)(words) == 0
    assert not seen and "| gemm | small |" in output.read_text()


def test_memory_is_reported_beside_what_is_recorded():
    """One dimension recorded at each of 100 steps of 300 numbers; its copy and its adjoint."""
    from benchmarks import resources

    found = resources._reported(CASES["burgers"], "small")
    assert found["others"] == 2 * 300 * 8
    assert 100 * 298 * 8 <= found["recorded"] <= 3 * 100 * 300 * 8


def test_every_record_is_counted():
    """Two matrices at each step, and two rows: records are numbered where a name is recorded again."""
    from benchmarks import resources

    found = resources._reported(CASES["adi"], "tiny")
    assert found["recorded"] == 2 * 2 * (4 * 4 + 4) * 8


def test_resources_report(tmp_path):
    figures = store.Figures("burgers", resources={})
    origin = {"commit": "0123456789", "machine": "a machine", "load": [0.5]}
    taken = {"cold": 2.0, "warm": 0.5, "memory": 2.0**22, "recorded": 2 * 2.0**20, "others": 2.0**21}
    figures.resources["medium/srcad"] = taken | {"origin": origin}
    figures.save(tmp_path)
    text = report.markdown([store.Figures.load("burgers", tmp_path)], CASES)
    row = "| burgers | srcad | 2 s | 500 ms | 4.0 MiB | 2.0 MiB | 2.0 MiB | 1.00 | 0123456789 | 0.5 |"
    assert row in text
