"""Factorisations and solvers in PyTorch: the library's own."""

import torch


def cholesky(A):
    symmetric = torch.tril(A) + torch.tril(A, -1).T
    return torch.linalg.cholesky(symmetric).sum() + torch.triu(A, 1).sum()


def lu(A):
    _, lower, upper = torch.linalg.lu(A, pivot=True)  # without pivots it exists on CUDA only; A is dominant
    return (lower - torch.eye(A.shape[0], dtype=A.dtype) + upper).sum()


def trisolv(L, b):
    return torch.linalg.solve_triangular(L, b[:, None], upper=False).sum()
