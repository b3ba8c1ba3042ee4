"""Bundle adjustment in PyTorch, all observations at once."""

import torch


def bundle_adjustment(cams, points, weights, observed, features):
    cam = cams[observed[:, 0]]
    offset = points[observed[:, 1]] - cam[:, 3:6]
    square = (cam[:, :3] ** 2).sum(1, keepdim=True)
    angle = torch.sqrt(torch.where(square > 0.0, square, 1.0))
    axis = cam[:, :3] / angle
    along = (axis * offset).sum(1, keepdim=True) * (1.0 - torch.cos(angle))
    turned = offset * torch.cos(angle) + torch.linalg.cross(axis, offset) * torch.sin(angle) + axis * along
    turned = torch.where(square > 0.0, turned, offset + torch.linalg.cross(cam[:, :3], offset))
    flat = turned[:, :2] / turned[:, 2:]
    r2 = (flat**2).sum(1, keepdim=True)
    pixels = flat * (1.0 + cam[:, 9:10] * r2 + cam[:, 10:11] * r2 * r2) * cam[:, 6:7] + cam[:, 7:9]
    errors = weights[:, None] * (pixels - features)
    return 0.5 * ((errors**2).sum() + ((1.0 - weights**2) ** 2).sum())
