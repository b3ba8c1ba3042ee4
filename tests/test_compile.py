"""From text to a function: files, modules, machine code, refusals."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from srcad import compile as compiling

NJIT = 'import numpy as np\nfrom numba import njit\n\n\n@njit(cache=True, error_model="numpy")\n'


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def test_a_module_lies_in_a_file_and_under_a_stable_name():
    made = compiling.load("def twice_a(x):\n    return 2 * x\n", "twice_a")
    assert made.call(4) == 8
    assert made.path.name == "twice_a.py" and made.path.read_text() == made.text
    assert sys.modules[made.call.__module__].twice_a is made.call
    assert compiling.load(made.text, "twice_a").call is made.call


def test_other_text_is_another_module():
    one = compiling.load("def twice_b(x):\n    return 2 * x\n", "twice_b")
    two = compiling.load("def twice_b(x):\n    return x + x\n", "twice_b")
    assert one.path.parent != two.path.parent and one.call is not two.call


def test_a_broken_module_is_not_left_behind():
    with pytest.raises(ZeroDivisionError):
        compiling.load("1 / 0\n", "fails_at_import")
    assert not [name for name in sys.modules if name.startswith("srcad_generated.fails_at_import")]


def test_compiling_for_arguments(folder):
    made = compiling.load(NJIT + "def add_c(x, y):\n    return x + y\n", "add_c")
    compiling.warm(made, (np.ones(3), 1.0))
    assert len(made.call.signatures) == 1
    np.testing.assert_array_equal(made.call(np.ones(3), 1.0), [2.0, 2.0, 2.0])
    assert list(made.path.parent.rglob("*.nbi"))


@pytest.mark.parametrize("line, telling", [("np.einsum('i->', x)", "einsum"), ("x.nothing", "nothing")])
def test_what_numba_refuses_is_told_in_one_line(line, telling):
    made = compiling.load(NJIT + f"def refused(x):\n    y = {line}\n    return y\n", "refused")
    with pytest.raises(compiling.CannotCompile) as caught:
        compiling.warm(made, (np.ones(3),))
    assert telling in caught.value.reason and "\n" not in caught.value.reason
    assert made.text.splitlines()[caught.value.line - 1].strip() == f"y = {line}"


def test_what_fails_inside_numba_is_told_with_its_line():
    made = compiling.load(NJIT + "def twice_e(k):\n    k *= 2\n    return k\n", "twice_e")
    with pytest.raises(compiling.CannotCompile) as caught:
        compiling.warm(made, (np.ones(3, np.uint8),))
    assert caught.value.reason.startswith("AttributeError inside Numba")
    assert made.text.splitlines()[caught.value.line - 1].strip() == "k *= 2"


def test_an_argument_numba_has_no_type_for():
    made = compiling.load(NJIT + "def same_d(x):\n    return x\n", "same_d")
    with pytest.raises(compiling.CannotCompile):
        compiling.warm(made, (object(),))


def test_what_is_handed_back_to_python_is_there() -> None:
    """What the compiler knows how to hand back is what the runtime declares, and each is there to be called."""
    from srcad_runtime import compiled_names as names
    from srcad_runtime import interpreted, interpreted_scipy, interpreted_special, interpreted_stats

    from srcad.transforms import retarget_interpreted

    declared = {
        interpreted: names.NUMPY,
        interpreted_scipy: names.SCIPY,
        interpreted_special: names.SCIPY_SPECIAL,
        interpreted_stats: names.SCIPY_STATS,
    }
    assert set(retarget_interpreted.NATIVE) == {path for lines in declared.values() for path in names.paths(lines)}
    for module, lines in declared.items():
        assert all(callable(getattr(module, interpreted.kernel_name(path))) for path in names.paths(lines))
    assert all(callable(getattr(interpreted, name)) for name in names.CALLED_BACK_HELPERS)


def test_what_is_handed_back_to_python_takes_what_its_rule_does() -> None:
    """All that a call with a derivative may give, but for a dtype, to which arguments are cast before."""
    import inspect

    from srcad_runtime import compiled_names as names

    from srcad import rules

    for lines in (names.NUMPY, names.SCIPY, names.SCIPY_SPECIAL, names.SCIPY_STATS):
        for line in lines.strip().splitlines():
            path, _, declared = line.partition("(")
            rule = rules.lookup(path)
            taken = inspect.signature(eval(f"lambda {declared[:-1]}: None")).parameters
            assert rule is None or {*rule.params, *rule.keywords} - {"dtype"} <= set(taken), path


def test_generated_code_is_compiled_at_level_two_and_other_code_as_ever() -> None:
    from numba.core import config
    from srcad_runtime import optimisation

    before = config.OPT
    with pytest.raises(ZeroDivisionError), optimisation.quick():
        assert config.OPT == min(before, 2)
        raise ZeroDivisionError
    assert config.OPT is before
