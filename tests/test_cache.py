"""The cache folder: privacy, warm starts, damage, several processes at once."""

from __future__ import annotations

import math
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from srcad import cache
from srcad.fingerprint import fingerprint

ROOT = Path(__file__).resolve().parent.parent

PROGRAM = """
import sys
sys.path.insert(0, {root!r})
import numpy as np
from srcad import pipeline
from tests.fake_compiler import QUADRATIC, FakeCompiler
import model, srcad
from srcad import cache
cache._stamp = lambda package: "unchanged"  # whoever edits srcad during the tests does not disturb them
fake = FakeCompiler()
fake.knows("loss", QUADRATIC)
pipeline.build = fake.build
w, x, y = np.ones(3), np.ones((4, 3)), np.zeros(4)
for backend in {backends!r}:
    gradient = srcad.grad(model.loss, backend=backend)(w, x, y)
    assert np.allclose(gradient, 6.0), gradient
heavy = sorted(name for name in sys.modules if name == "libcst" or name.startswith("srcad.rules"))
hits = 0
if "numba" in {backends!r}:
    from srcad import specialise
    kernels = [k for t in specialise._tables.values() for ks in t.values() for k in ks if k.plan.backend == "numba"]
    hits = sum(sum(k.compiled.call.stats.cache_hits.values()) for k in kernels)
print(len(fake.requests), heavy, hits)
"""

MODEL = "import numpy as np\n\n\ndef loss(w, x, y):\n    r = x @ w - y\n    return np.mean(r * r)\n"


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def start(folder: Path, *backends: str) -> subprocess.Popen[str]:
    (folder / "model.py").write_text(MODEL) if not (folder / "model.py").exists() else None
    code = PROGRAM.format(root=str(ROOT), backends=backends)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "runtime"), str(folder)])}
    return subprocess.Popen(
        [sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(folder: Path, *backends: str) -> tuple[int, str, int]:
    """(how often the compiler was asked, heavy modules, how often Numba's cache answered)."""
    process = start(folder, *backends)
    out, err = process.communicate()
    assert process.returncode == 0, err
    asked, rest = out.strip().split(" ", 1)
    heavy, hits = rest.rsplit(" ", 1)
    return int(asked), heavy, int(hits)


# ---- the folder ----


def test_the_folder_is_private(folder):
    root = cache.root()
    assert root == folder / "cache"
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    cache.write(root / "a" / "file", b"text")
    assert stat.S_IMODE((root / "a" / "file").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_others_can_write_to_is_refused_with_one_warning(folder, mode):
    (folder / "cache").mkdir()
    (folder / "cache").chmod(mode)
    with pytest.warns(UserWarning, match="other users can write to it; nothing is kept") as seen:
        first = cache.root()
    assert first != folder / "cache" and cache.root() == first
    assert len(seen) == 1
    assert stat.S_IMODE(first.stat().st_mode) == 0o700


def test_a_folder_of_someone_else_is_refused(folder, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.warns(UserWarning, match="belongs to another user"):
        assert cache.root() != folder / "cache"


def test_a_folder_that_cannot_be_made_is_refused(folder, monkeypatch):
    (folder / "file").write_text("")
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(folder / "file" / "cache"))
    with pytest.warns(UserWarning, match="nothing is kept"):
        assert cache.root().is_dir()


def test_digests_keep_texts_apart():
    assert cache.digest("ab", "c") != cache.digest("a", "bc") != cache.digest("abc")
    assert cache.digest("a") == cache.digest("a")


def test_the_environment_knows_numbas_flags(monkeypatch):
    environment = cache.environment.__wrapped__
    before = environment()
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    assert environment() == before
    monkeypatch.setenv("NUMBA_BOUNDSCHECK", "1")
    assert environment() != before


def test_writing_is_atomic(folder, monkeypatch):
    target = folder / "file"
    cache.write(target, b"old")

    def fail(*_):
        raise OSError("disk")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk"):
        cache.write(target, b"new")
    assert target.read_bytes() == b"old" and os.listdir(folder) == ["file"]


def test_a_public_file_keeps_its_mode(folder):
    target = folder / "out.py"
    target.write_text("")
    target.chmod(0o640)
    cache.write(target, b"new", private=False)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_manifests_are_checked(folder):
    cache.write_manifest("k" * 64, b"plans")
    assert cache.read_manifest("k" * 64) == b"plans"
    file = cache.root() / "manifests" / ("k" * 64 + ".plan")
    file.write_bytes(file.read_bytes()[:-1] + b"X")
    assert cache.read_manifest("k" * 64) is None
    assert cache.read_manifest("m" * 64) is None


def test_info_and_clear(folder):
    cache.write_manifest("k" * 64, b"plans")
    cache.write(cache.module_path("k" * 64, "f"), b"text")
    assert (cache.info().modules, cache.info().manifests) == (1, 1)
    assert cache.clear().modules == 1
    assert (cache.info().modules, cache.info().manifests) == (0, 0)


# ---- processes ----


def test_the_next_process_starts_warm(folder):
    assert run(folder, "numpy", "numba")[::2] == (2, 0)
    assert run(folder, "numpy", "numba") == (0, "[]", 1)


def test_a_change_of_the_source_is_a_new_program(folder):
    run(folder, "numpy")
    (folder / "model.py").write_text(MODEL.replace("r * r", "r*r"))  # the generated comments quote it
    assert run(folder, "numpy")[0] == 1
    (folder / "model.py").write_text("# moved\n" + MODEL)
    assert run(folder, "numpy")[0] == 1


def test_damaged_files_are_made_again(folder):
    run(folder, "numpy", "numba")
    files = [file for file in (folder / "cache").rglob("*") if file.is_file() and file.suffix != ".lock"]
    assert {".py", ".plan", ".nbi", ".nbc"} <= {file.suffix for file in files}
    for file in files:
        file.write_bytes(b"\x80damaged")
    assert run(folder, "numpy", "numba")[0] == 2
    assert run(folder, "numpy", "numba") == (0, "[]", 1)


def test_a_deleted_module_is_written_again(folder):
    run(folder, "numpy")
    for file in (folder / "cache").rglob("*.py"):
        file.unlink()
    assert run(folder, "numpy")[0] == 0


def test_several_processes_at_once(folder):
    processes = [start(folder, "numpy", "numba") for _ in range(4)]
    for process in processes:
        _, err = process.communicate()
        assert process.returncode == 0, err
    assert run(folder, "numpy", "numba") == (0, "[]", 1)


def test_importing_is_light():
    code = (
        "import sys, time; start = time.perf_counter(); import srcad; took = time.perf_counter() - start;"
        "heavy = {'numpy', 'numba', 'libcst', 'scipy', 'rich'} & set(sys.modules);"
        "assert not heavy, heavy; print(took)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "runtime")])}
    took = min(float(subprocess.check_output([sys.executable, "-c", code], env=env)) for _ in range(3))
    assert took < 0.15


def test_a_call_answered_from_the_cache_needs_no_compiler():
    code = (
        "import sys, srcad.differentiated, srcad.fastpath, srcad.gradients, srcad.products;"
        "heavy = {'srcad.ir', 'srcad.pipeline', 'srcad.parse', 'libcst'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "runtime")])}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)


def test_captured_library_functions_count_by_name():
    def through(f):
        return lambda x: f(x)

    functions = (np.sin, np.cos, math.sin, math.cos, np.sum, np.mean, np.float32, float)
    assert len({fingerprint(through(f)) for f in functions}) == len(functions)


def test_files_of_the_user_count_by_text_before_the_runtime_is_loaded(monkeypatch):
    from srcad import fingerprint as module

    monkeypatch.delitem(sys.modules, "srcad_runtime", raising=False)
    module._installed_file.cache_clear()
    try:
        assert not module._installed_file("/home/user/model.py")
    finally:
        module._installed_file.cache_clear()


CALLS_BACK = """
import numpy as np, scipy.linalg, scipy.stats, srcad

def solved(x):
    return np.sum(scipy.linalg.solve_toeplitz(x + np.array([9.0, 0.0, 0.0]), x) ** 2)

def density(x):
    return np.sum(scipy.stats.t.logpdf(x, 3.0))

def drawn(x):
    return np.sum(x * x * np.random.default_rng(3).normal(size=3))

x = np.array([0.3, 0.2, 0.5])
for model in (solved, density, drawn):
    found, wanted = (srcad.grad(model, backend=backend)(x) for backend in ("numba", "numpy"))
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
"""


def test_what_calls_back_into_python_runs_in_a_second_process(tmp_path: Path) -> None:
    """Machine code that calls back belongs to the process that made it: none of it is kept."""
    script = tmp_path / "model.py"
    script.write_text(CALLS_BACK, encoding="utf-8")
    environment = {**os.environ, "SRCAD_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(2):
        run = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
