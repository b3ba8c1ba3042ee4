"""Partial differential equations in PyTorch."""

import torch
from torch.nn.functional import pad


def burgers(u, nu, dt, dx, steps):
    for _ in range(steps):
        inside = u[1:-1]
        convection = inside * (inside - u[:-2]) / dx
        diffusion = nu * (u[2:] - 2.0 * inside + u[:-2]) / (dx * dx)
        u = u + pad(dt * (diffusion - convection), (1, 1))
    return (u * u).sum()


def advection(q, courant, dx, steps):
    for _ in range(steps):
        before = q - torch.roll(q, 1)
        after = torch.roll(q, -1) - q
        product = before * after
        slope = torch.where(product > 0.0, product * (before + after) / (before**2 + after**2 + 1e-3), 0.0)
        face = q + 0.5 * (1.0 - courant) * slope
        q = q - courant * (face - torch.roll(face, 1))
    return (q * q).sum() * dx


def pressure(b, tol, limit):
    load = 4.0 / b.shape[0] ** 2 * b[1:-1, 1:-1]
    p = torch.zeros_like(load)
    for _ in range(limit):
        padded = pad(p, (1, 1, 1, 1))
        new = 0.25 * (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) - load
        change = (new - p).detach().abs().max()
        p = new
        if change <= tol:
            break
    return (p * p).sum()
