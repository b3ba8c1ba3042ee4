"""Products in PyTorch."""

import torch


def gemm(alpha, beta, C, A, B):
    return (alpha * A @ B + beta * C).sum()


def k2mm(alpha, beta, A, B, C, D):
    return (alpha * A @ B @ C + beta * D).sum()


def k3mm(A, B, C, D):
    return (A @ B @ C @ D).sum()


def syrk(alpha, beta, C, A):
    lower = torch.tril(torch.ones_like(C)).bool()
    return torch.where(lower, beta * C + alpha * A @ A.T, C).sum()


def syr2k(alpha, beta, C, A, B):
    lower = torch.tril(torch.ones_like(C)).bool()
    both = A @ B.T
    return torch.where(lower, beta * C + alpha * (both + both.T), C).sum()


def trmm(alpha, A, B):
    return (alpha * (B + torch.tril(A, -1).T @ B)).sum()


def symm(alpha, beta, C, A, B):
    strict = torch.tril(A, -1)
    return (alpha * (strict + strict.T + torch.diag(torch.diag(A))) @ B + beta * C).sum()


def atax(A, x):
    return ((A @ x) @ A).sum()


def bicg(A, p, r):
    return (r @ A).sum() + (A @ p).sum()


def mvt(A, x1, x2, y1, y2):
    return (x1 + A @ y1).sum() + (x2 + y2 @ A).sum()


def gesummv(alpha, beta, A, B, x):
    return (alpha * A @ x + beta * B @ x).sum()


def gemver(alpha, beta, A, u1, v1, u2, v2, w, x, y, z):
    A = A + torch.outer(u1, v1) + torch.outer(u2, v2)
    x = x + beta * y @ A + z
    return (w + alpha * A @ x).sum()
