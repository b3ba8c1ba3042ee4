"""The public functions: gradients, products with Jacobians, Jacobians, Hessians, and the markers for model code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from srcad import jacobians, products, pulling
from srcad.batching import run_vmap
from srcad.binding import sequence
from srcad.derived import Derivation, Derived
from srcad.gradients import run_grad, run_value_and_grad

T = TypeVar("T")
Argnums = int | str | Sequence[int | str]


def grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *, backend: str = "auto", parallel: bool = False
) -> Derived:
    """The gradient of a function with one real value.

    Args:
        f: a function of floats, arrays and containers of them, returning a floating scalar (or, with `has_aux`, a pair
            of it and anything else).
        argnums: the position or name of the argument to differentiate, or a tuple of these.
        has_aux: whether `f` returns ``(value, aux)``.
        backend: "numpy", "numba", "cupy", or "auto": CuPy for CuPy arrays, else Numba, else NumPy with a
            `PerformanceWarning`.
        parallel: share loops whose iterations provably do not meet out among threads (Numba only); the result is the
            same for every number of threads.

    Returns:
        ``g(*args, **kwargs)`` with the arguments of `f`. It returns the gradient, which has the structure, shapes and
        dtypes of the argument, or a tuple of gradients if `argnums` is a tuple; with `has_aux`, ``(gradient, aux)``.
        Parts of a container that are not floating-point have the gradient None.

    Raises (when `g` is called):
        TypeError: the value is not a real scalar, or an argument asked for is not floating-point.
        Unsupported: `f` does what srcad cannot differentiate.
    """
    return Derived(Derivation("grad", f, argnums, has_aux, backend, parallel=parallel), run_grad)


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *, backend: str = "auto", parallel: bool = False
) -> Derived:
    """Like `grad`; the callable returns ``(value, gradient)``, with `has_aux` ``((value, aux), gradient)``."""
    return Derived(Derivation("value_and_grad", f, argnums, has_aux, backend, parallel=parallel), run_value_and_grad)


def vjp(
    f: Callable[..., Any],
    *primals: Any,
    argnums: Argnums | None = None,
    has_aux: bool = False,
    kwargs: dict[str, Any] | None = None,
    outputs: Sequence[str] | None = None,
    backend: str = "auto",
    parallel: bool = False,
) -> tuple[Any, ...]:
    """The value of ``f(*primals, **kwargs)`` and a function for products with its transposed Jacobian.

    Args:
        argnums: which arguments to differentiate; None means every positional one.
        outputs: for a function that fills its arguments: the names of those that are its outputs (None: all that it
            writes, in order, if it returns None).

    Returns:
        ``(out, pull)``, with `has_aux` ``(out, pull, aux)``. ``pull(out_bar)`` takes a cotangent of the structure and
        shapes of `out` and returns a tuple with an entry per primal (None where a primal is not floating-point), or,
        where `argnums` is given, what `grad` returns for it. It runs the reverse sweep alone, may be called repeatedly,
        and later writes into the primals or into `out` do not change it: what it reads of them is copied.

    Raises:
        TypeError, ValueError: an argument asked for is not floating-point; a cotangent has another shape.
        Unsupported: `f` does what srcad cannot differentiate.
    """
    return pulling.vjp(f, primals, argnums, has_aux, kwargs or {}, outputs, backend, parallel)


def jvp(
    f: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    has_aux: bool = False,
    kwargs: dict[str, Any] | None = None,
    outputs: Sequence[str] | None = None,
    backend: str = "auto",
    parallel: bool = False,
) -> tuple[Any, ...]:
    """The value of ``f(*primals, **kwargs)`` and its derivative along `tangents`.

    Args:
        tangents: one per primal, of its structure and shapes; None, whole or inside a container, means zero.

    Returns:
        ``(out, out_dot)``, with `has_aux` ``(out, out_dot, aux)``; `out_dot` has the structure of `out`, with None for
        what is not floating-point.

    Raises:
        TypeError, ValueError: a tangent for what is not floating-point; another number of tangents or another shape.
        Unsupported: `f` does what srcad cannot differentiate.
    """
    primals, tangents = sequence("srcad.jvp", primals=primals), sequence("srcad.jvp", tangents=tangents)
    return products.jvp(f, primals, tangents, has_aux, kwargs or {}, outputs, backend, parallel)


def hvp(
    f: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    argnums: Argnums | None = None,
    kwargs: dict[str, Any] | None = None,
    backend: str = "auto",
    parallel: bool = False,
) -> Any:
    """The product of the Hessian of a scalar function with `tangents`, forward over reverse: no Hessian is formed.

    Args:
        tangents: one per primal, None for zero; where `argnums` is given, one per argument asked for will do.
        argnums: None means every positional argument.

    Returns:
        A tuple with an entry per primal (None where it is not floating-point), or, where `argnums` is given, one
        product or a tuple, as `grad` does.

    Raises:
        TypeError, ValueError: as for `grad` and `jvp`.
        Unsupported: `f` does what srcad cannot differentiate.
    """
    return products.hvp(f, sequence("srcad.hvp", primals=primals), tangents, argnums, kwargs or {}, backend, parallel)


def jacfwd(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *, backend: str = "auto", parallel: bool = False
) -> Derived:
    """The Jacobian, computed a column at a time in forward mode: for few inputs and many outputs.

    Returns:
        A function of the arguments of `f`. Every array of its value has the shape ``out.shape + in.shape``, within the
        structure of the value of `f`, within that the structure of the argument (a tuple if `argnums` is one); with
        `has_aux`, ``(jacobian, aux)``.

    Raises (when called):
        TypeError: an argument asked for is not real floating-point.
        Unsupported: `f` does what srcad cannot differentiate.
    """
    return Derived(Derivation("jacfwd", f, argnums, has_aux, backend, parallel=parallel), jacobians.run_jacfwd)


def jacrev(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *, backend: str = "auto", parallel: bool = False
) -> Derived:
    """The Jacobian, computed a row at a time in reverse mode: for few outputs. Otherwise as `jacfwd`."""
    return Derived(Derivation("jacrev", f, argnums, has_aux, backend, parallel=parallel), jacobians.run_jacrev)


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *, backend: str = "auto", parallel: bool = False
) -> Derived:
    """The Jacobian in the cheaper mode: forward if there are no more inputs than outputs. Otherwise as `jacfwd`."""
    return Derived(Derivation("jacobian", f, argnums, has_aux, backend, parallel=parallel), jacobians.run_jacobian)


def hessian(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *, backend: str = "auto", parallel: bool = False
) -> Derived:
    """The matrix of second derivatives of a scalar function, forward over reverse.

    Returns:
        A function of the arguments of `f`. For an array argument its value has the shape ``in.shape + in.shape``; for
        containers, and for a tuple `argnums`, the structure of the argument holds in each place the structure again;
        with `has_aux`, ``(hessian, aux)``.

    Raises (when called):
        TypeError: as for `grad`.
        Unsupported: `f` does what srcad cannot differentiate.
    """
    return Derived(Derivation("hessian", f, argnums, has_aux, backend, parallel=parallel), jacobians.run_hessian)


def vmap(
    f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0, *, backend: str = "auto", parallel: bool = False
) -> Derived:
    """Apply a function to every item of a batch: ``vmap(grad(loss), (None, 0, 0))`` gives per-example gradients.

    Args:
        in_axes: the axis of each positional argument that counts the batch, None for an argument that all items share;
            one int or None for all, or a tuple, whose entries may be containers like the argument. Keyword arguments
            are batched along axis 0.
        out_axes: where the batch axis goes in the results, as an int or a container like the value of `f`.

    Returns:
        A function of the arguments of `f`.

    Raises (when called):
        ValueError: the batch sizes differ, an axis is missing, the batch is empty, or nothing is batched.
    """
    return Derived(Derivation("vmap", f, None, False, backend, in_axes, out_axes, parallel), run_vmap)


def stop_gradient(x: T) -> T:
    """Return `x`; where the function is differentiated, its derivative is zero."""
    return x


def checkpoint(iterable: Iterable[T], every: int | None = None) -> Iterable[T]:
    """Return `iterable`; a loop over it keeps only some of its states for the reverse sweep and recomputes the others.

    Args:
        every: how many steps lie between two states that are kept; None: about the square root of their number.
    """
    return iterable
