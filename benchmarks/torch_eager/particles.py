"""Bodies and the sparse product in PyTorch."""

import torch


def nbody(position, velocity, mass, dt, steps):
    x, v = position, velocity
    for _ in range(steps):
        d = x[:, None] - x[None]
        square = (d * d).sum(2) + 0.01
        pull = mass / (square * torch.sqrt(square))
        v = v - dt * (pull[:, :, None] * d).sum(1)
        x = x + dt * v
    distance = torch.sqrt(((x[:, None] - x[None]) ** 2).sum(2) + 0.01)
    pairs = torch.triu(mass[:, None] * mass[None] / distance, 1)
    return 0.5 * (mass * (v * v).sum(1)).sum() - pairs.sum()


def spmv(values, columns, rows, x):
    row = torch.repeat_interleave(torch.arange(rows.shape[0] - 1), torch.diff(rows))
    y = torch.zeros(rows.shape[0] - 1, dtype=values.dtype).index_add(0, row, values * x[columns])
    return (y * y).sum()
