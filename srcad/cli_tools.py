"""`srcad cache` and `srcad doctor`."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from importlib import metadata
from typing import Any

import typer

from srcad.cli_common import ExitCode, outcomes

cache_app = typer.Typer(help="The folder of generated and compiled modules.", no_args_is_help=True)


@cache_app.command()
def info() -> None:
    """What the cache holds."""
    with outcomes():
        from srcad import cache

        found = cache.info()
        print(f"folder     {found.folder}")
        print(f"modules    {found.modules}")
        print(f"manifests  {found.manifests}")
        print(f"size       {_size(found.size)}")


@cache_app.command()
def clear() -> None:
    """Remove all generated and compiled modules."""
    with outcomes():
        from srcad import cache

        before = cache.clear()
        print(f"removed {before.modules} modules, {_size(before.size)}, from {before.folder}")


@cache_app.command("dir")
def directory() -> None:
    """Print the cache folder."""
    with outcomes():
        from srcad import cache

        print(cache.root())


def doctor() -> None:
    """Show versions and what this machine offers; exit 1 if something needed is missing."""
    with outcomes():
        from srcad import __version__, cache

        print(f"srcad            {__version__}")
        print(f"Python           {platform.python_version()} ({sys.executable})")
        missing = [name for name in ("numpy", "numba", "scipy", "libcst") if not _print_version(name)]
        _print_version("cupy")
        print(f"processor        {_processor()}, {os.cpu_count()} cores")
        print(f"threading layer  {_threading_layer()}")
        print(f"vector maths     {_vector_maths()}")
        print(f"memory kept      {_kept_memory()}")
        print(f"CUDA             {_cuda()}")
        print(f"cache            {cache.root()}, {_size(cache.info().size)}")
        if missing:
            print(f"missing: {', '.join(missing)}", file=sys.stderr)
            raise typer.Exit(ExitCode.CHANGED)


def _size(count: int) -> str:
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def _print_version(name: str) -> bool:
    candidates = (name, "cupy-cuda12x", "cupy-cuda11x", "cupy-cuda13x") if name == "cupy" else (name,)
    for candidate in candidates:
        try:
            print(f"{name:16s} {metadata.version(candidate)}")
            return True
        except metadata.PackageNotFoundError:
            continue
    print(f"{name:16s} not installed")
    return False


def _processor() -> str:
    try:
        import llvmlite.binding

        return str(llvmlite.binding.get_host_cpu_name())
    except Exception:
        return platform.machine()


def _threading_layer() -> str:
    """The layer that Numba would choose: the first of its priority list that loads."""
    try:
        config = _numba_config()
        importlib.import_module("numba.np.ufunc.parallel")  # loads what the layers need
    except Exception as error:
        return f"none ({error})"
    layers = {"tbb": "tbbpool", "omp": "omppool", "workqueue": "workqueue"}
    for name in config.THREADING_LAYER_PRIORITY:
        try:
            importlib.import_module(f"numba.np.ufunc.{layers[name]}")
            return f"{name} ({config.NUMBA_NUM_THREADS} threads)"
        except (ImportError, KeyError):
            continue
    return "none"


def _numba_config() -> Any:
    return importlib.import_module("numba.core.config")


def _vector_maths() -> str:
    """Which library of vectorised elementary functions compiled loops can call."""
    try:
        if _numba_config().USING_SVML:
            return "SVML"
        from srcad_runtime import vector_arithmetic, vector_maths
    except Exception:
        return "none"
    found = vector_maths.available()
    return (
        f"libmvec ({', '.join(found)})" if found else f"arithmetic ({', '.join(sorted(vector_arithmetic.FUNCTIONS))})"
    )


def _kept_memory() -> str:
    """How much of what gradients record and return malloc keeps for later calls."""
    from srcad import tuning

    kept = tuning.keep_freed_memory()
    return f"up to {_size(kept)} of freed memory, in malloc ({tuning.WORKSPACE} sets how many MiB)" if kept else "none"


def _cuda() -> str:
    try:
        import cupy

        if not cupy.cuda.is_available():
            return "CuPy finds no device"
        properties = cupy.cuda.runtime.getDeviceProperties(0)
        return f"{properties['name'].decode()} ({cupy.cuda.runtime.getDeviceCount()} devices)"
    except ImportError:
        return "CuPy is not installed"
    except Exception as error:
        return f"not usable: {error}"
