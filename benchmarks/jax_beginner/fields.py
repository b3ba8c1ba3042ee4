"""Partial differential equations in JAX as first written."""

import jax
import jax.numpy as jnp


def burgers(u, nu, dt, dx, steps):
    def step(_, u):
        convection = u[1:-1] * (u[1:-1] - u[:-2]) / dx
        diffusion = nu * (u[2:] - 2.0 * u[1:-1] + u[:-2]) / (dx * dx)
        return u.at[1:-1].set(u[1:-1] + dt * (diffusion - convection))

    u = jax.lax.fori_loop(0, steps, step, u)
    return jnp.sum(u * u)


def advection(q, courant, dx, steps):
    def step(_, q):
        before = q - jnp.roll(q, 1)
        after = jnp.roll(q, -1) - q
        slope = before * after * (before + after) / (before * before + after * after + 1e-3)
        slope = jnp.where(before * after > 0.0, slope, 0.0)
        face = q + 0.5 * (1.0 - courant) * slope
        return q - courant * (face - jnp.roll(face, 1))

    q = jax.lax.fori_loop(0, steps, step, q)
    return jnp.sum(q * q) * dx


def pressure(b, tol, limit):
    """A `while_loop` has no reverse mode: a loop of `limit` iterations that stops changing p."""
    h2 = 1.0 / (b.shape[0] ** 2)

    def step(_, carry):
        p, change = carry
        inside = 0.25 * (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:] - 16.0 * h2 * b[1:-1, 1:-1])
        new = jnp.zeros_like(p).at[1:-1, 1:-1].set(inside)
        going = change > tol
        return jnp.where(going, new, p), jnp.where(going, jnp.max(jnp.abs(jax.lax.stop_gradient(new - p))), change)

    p, _ = jax.lax.fori_loop(0, limit, step, (jnp.zeros_like(b), tol + 1.0))
    return jnp.sum(p * p)
