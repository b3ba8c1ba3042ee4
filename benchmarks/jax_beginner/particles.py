"""Bodies and the sparse product in JAX as first written."""

import jax
import jax.numpy as jnp


def nbody(position, velocity, mass, dt, steps):
    n = position.shape[0]

    def pair(i, j, x, v):
        d = x[i] - x[j]
        square = jnp.sum(d * d) + 0.01
        force = dt / (square * jnp.sqrt(square))
        return v.at[i].add(-d * mass[j] * force).at[j].add(d * mass[i] * force)

    def step(_, state):
        x, v = state
        v = jax.lax.fori_loop(
            0, n, lambda i, v: jax.lax.fori_loop(0, n, lambda j, v: jnp.where(j > i, pair(i, j, x, v), v), v), v
        )
        return x + dt * v, v

    x, v = jax.lax.fori_loop(0, steps, step, (position, velocity))
    energy = 0.5 * jnp.sum(mass * jnp.sum(v * v, axis=1))
    distance = jnp.sqrt(jnp.sum((x[:, None] - x[None]) ** 2, axis=2) + 0.01)
    return energy - jnp.sum(jnp.triu(mass[:, None] * mass[None] / distance, 1))


def spmv(values, columns, rows, x):
    n = rows.shape[0] - 1
    row = jnp.searchsorted(rows, jnp.arange(values.shape[0]), side="right") - 1
    y = jnp.zeros(n).at[row].add(values * x[columns])
    return jnp.sum(y * y)
