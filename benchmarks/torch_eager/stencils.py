"""Stencils in PyTorch: slices and padding, a new array per step."""

import torch
from torch.nn.functional import pad


def _relaxed(smooth, A, B, steps, rim):
    frame_a, frame_b = A * rim, B * rim
    for _ in range(steps):
        B = frame_b + pad(smooth(A), (1, 1) * A.ndim)
        A = frame_a + pad(smooth(B), (1, 1) * A.ndim)
    return A.sum()


def _rim(A):
    rim = torch.ones_like(A)
    rim[(slice(1, -1),) * A.ndim] = 0.0
    return rim


def jacobi_1d(A, B, steps):
    return _relaxed(lambda a: 0.33333 * (a[:-2] + a[1:-1] + a[2:]), A, B, steps, _rim(A))


def jacobi_2d(A, B, steps):
    def smooth(a):
        return 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])

    return _relaxed(smooth, A, B, steps, _rim(A))


def heat_3d(A, B, steps):
    def smooth(a):
        near = a[2:, 1:-1, 1:-1] + a[:-2, 1:-1, 1:-1] + a[1:-1, 2:, 1:-1] + a[1:-1, :-2, 1:-1]
        return 0.25 * a[1:-1, 1:-1, 1:-1] + 0.125 * (near + a[1:-1, 1:-1, 2:] + a[1:-1, 1:-1, :-2])

    return _relaxed(smooth, A, B, steps, _rim(A))


def fdtd_2d(ex, ey, hz, source):
    for pulse in source:
        ey = torch.cat([pulse.expand(1, ey.shape[1]), ey[1:] - 0.5 * (hz[1:] - hz[:-1])])
        ex = torch.cat([ex[:, :1], ex[:, 1:] - 0.5 * (hz[:, 1:] - hz[:, :-1])], dim=1)
        hz = hz - pad(0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1]), (0, 1, 0, 1))
    return hz.sum()
