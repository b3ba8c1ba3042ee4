"""Draws from random generators: made once, moved by their parameters, in the order of the program itself."""

import numpy as np

from tests.programs.registry import program


def scales(rng):
    return (0.4, 1.3, 7)


@program(scales, argnums=(0, 1), backends=("numpy",))
def draws_with_parameters(mu, sigma, seed):
    rng = np.random.default_rng(seed)
    z = rng.normal(mu, sigma, 5)
    w = rng.uniform(mu, mu + sigma)
    return np.sum(z * z) * w


@program(scales, argnums=(0, 1), backends=("numpy",))
def draws_in_a_loop(mu, sigma, seed):
    rng = np.random.default_rng(seed)
    x = mu
    for _ in range(6):
        x = x + 0.1 * x * rng.standard_normal() + rng.normal(0.0, sigma) * x
    return x * x


@program(scales, argnums=(0, 1), backends=("numpy",))
def same_draw_twice_is_two_draws(mu, sigma, seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(mu, sigma)
    b = rng.normal(mu, sigma)
    return a * b + rng.normal(mu, sigma) * rng.normal(mu, sigma) * a


@program(scales, argnums=(0, 1), backends=("numpy",))
def draws_that_are_not_used(mu, sigma, seed):
    rng = np.random.default_rng(seed)
    rng.standard_normal(3)
    unused = rng.normal(mu, sigma)
    return mu * rng.normal(sigma, 1.0)


@program(scales, argnums=(0, 1), backends=("numpy",))
def draws_in_branches(mu, sigma, seed):
    rng = np.random.default_rng(seed)
    s = 0.0
    for k in range(5):
        if rng.random() < 0.5:
            s += rng.normal(mu, sigma) * s
        else:
            s += rng.exponential(sigma)
        s = s + mu
    return s


@program(scales, argnums=(0, 1), backends=("numpy",))
def accepted_draws(mu, sigma, seed):
    rng = np.random.default_rng(seed)
    s = mu
    count = 0
    while count < 4:
        z = rng.normal(0.0, 1.0)
        if abs(z) > 0.7:
            continue
        s = s * (1.0 + sigma * z)
        count += 1
    return s


@program(scales, argnums=(0, 1), backends=("numpy",))
def two_generators_of_one_seed(mu, sigma, seed):
    a = np.random.default_rng(seed)
    b = np.random.default_rng(seed)
    return a.normal(mu, sigma) * b.normal(sigma, mu) + a.normal(mu, 1.0)


@program(scales, argnums=(0, 1), backends=("numpy",))
def generator_made_in_every_iteration(mu, sigma, seed):
    s = 0.0
    last = np.random.default_rng(seed)
    for k in range(3):
        rng = np.random.default_rng(seed + k)
        s += rng.normal(mu, sigma) * (s + last.normal(mu, 1.0))
    return s + last.normal(0.0, sigma) * rng.normal(mu, sigma)


def _noisy(x, rng, sigma):
    return x + rng.normal(0.0, sigma, size=x.shape)


@program(lambda rng: (rng.normal(size=4), 0.3, 11), argnums=(0, 1), backends=("numpy",))
def handed_to_a_callee(x, sigma, seed):
    rng = np.random.default_rng(seed)
    y = _noisy(np.sin(x), rng, sigma)
    return np.sum(_noisy(y * y, rng, sigma) * x)


@program(lambda rng: (rng.normal(size=4), 0.3, np.random.default_rng(5)), argnums=(0, 1))
def generator_as_an_argument(x, sigma, rng):
    y = x + rng.normal(0.0, sigma, size=4)
    return np.sum(y * y) * rng.uniform(0.5, 1.5)


@program(lambda rng: (rng.normal(size=6), 0.3, np.random.default_rng(5)), argnums=(0, 1))
def indices_are_drawn(x, sigma, rng):
    k = rng.integers(0, 6, size=3)
    return np.sum(x[k] ** 2) * rng.lognormal(0.0, sigma)


@program(scales, argnums=(0, 1), backends=("numpy",))
def draws_of_the_old_kind(mu, sigma, seed):
    rng = np.random.RandomState(seed)
    z = rng.normal(mu, sigma, (2, 3))
    return np.sum(z * z) + rng.randn(2).sum() * mu


@program(lambda rng: (0.4, np.random.default_rng(5)))
def draws_before_a_write(x, rng):
    y = np.zeros(4)
    for k in range(4):
        y[k] = rng.normal(x, 1.0)
        y[0] += y[k] * x
    y[1:] = rng.normal(y[1:], 0.1)
    return np.sum(y * y)


@program(lambda rng: (rng.normal(size=3), np.random.default_rng(5)))
def reparametrised_sample(m, rng):
    eps = rng.standard_normal((4, 3))
    z = m + np.exp(0.5 * m) * eps
    return np.mean(np.sum(z * z, axis=1))


class Simulator:
    def __init__(self, rng):
        self.rng = rng
        self.scale = 0.5

    def step(self, x):
        return x + self.scale * self.rng.normal(x, 1.0) * x


@program(lambda rng: (0.7, Simulator(np.random.default_rng(3))))
def generator_of_an_object(x, simulator):
    for _ in range(3):
        x = simulator.step(x)
    return x * x
