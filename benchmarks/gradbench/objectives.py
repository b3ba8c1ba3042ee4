"""The objectives of GradBench in NumPy: what srcad is given to differentiate."""

import math

import numpy as np

from benchmarks.programs.learning import gmm, lstm
from benchmarks.programs.vision import hand_errors, posed_vertices

__all__ = [
    "determinant",
    "distances",
    "final_state",
    "gmm",
    "hand_of_theta",
    "hand_surface",
    "log_sum_exp",
    "lstm",
    "polynomial_misfit",
    "minor",
    "potential",
    "reprojection",
    "saddle_value",
    "solution",
    "square",
]


def square(x):
    return x * x


def polynomial_misfit(x, t, s):
    """Half the squared distance of the polynomial with coefficients x from s at the points t."""
    value = np.zeros_like(t)
    for j in range(x.shape[0] - 1, -1, -1):
        value = value * t + x[j]
    r = s - value
    return 0.5 * np.sum(r * r)


def log_sum_exp(x):
    largest = np.max(x)
    return largest + np.log(np.sum(np.exp(x - largest)))


def _slope(x, y):
    out = np.empty_like(x)
    out[0] = x[0]
    out[1:] = x[1:] * y[:-1]
    return out


def solution(x, steps):
    """y(2) of y_0' = x_0, y_i' = x_i y_(i-1), y(0) = 0, by `steps` steps of the classical Runge-Kutta method."""
    h = 2.0 / steps
    y = np.zeros_like(x)
    for _ in range(steps):
        k1 = _slope(x, y)
        k2 = _slope(x, y + 0.5 * h * k1)
        k3 = _slope(x, y + 0.5 * h * k2)
        k4 = _slope(x, y + h * k3)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y


def final_state(x, steps):
    """The last component of the solution."""
    return solution(x, steps)[-1]


def determinant(A, size):
    """By expansion along the first row, and the minors likewise: size! products."""
    return minor(A, size, (1 << size) - 1)


def minor(A, size, free):
    """Determinant of the last `size` rows at the columns whose bits are set in `free`."""
    if size == 0:
        return 1.0
    row = A.shape[0] - size
    total = 0.0
    sign = 1.0
    for j in range(A.shape[0]):
        if (free >> j) & 1:
            total += sign * A[row, j] * minor(A, size - 1, free ^ (1 << j))
            sign = -sign
    return total


def distances(points, centroids):
    """The sum over the points of the squared distance to the nearest centroid."""
    total = 0.0
    for i in range(points.shape[0]):
        nearest = np.inf
        for j in range(centroids.shape[0]):
            d = 0.0
            for c in range(points.shape[1]):
                r = points[i, c] - centroids[j, c]
                d += r * r
            if d < nearest:
                nearest = d
        total += nearest
    return total


def reprojection(cams, points, weights, features):
    """Reprojection errors, (observations, 2): row i of every argument belongs to observation i.

    A camera is the eleven numbers of bundle adjustment.
    """
    errors = np.empty((weights.shape[0], 2))
    for i in range(weights.shape[0]):
        x = points[i, 0] - cams[i, 3]
        y = points[i, 1] - cams[i, 4]
        z = points[i, 2] - cams[i, 5]
        rx = cams[i, 0]
        ry = cams[i, 1]
        rz = cams[i, 2]
        square = rx * rx + ry * ry + rz * rz
        if square > 0.0:
            angle = math.sqrt(square)
            c = math.cos(angle)
            s = math.sin(angle)
            ax = rx / angle
            ay = ry / angle
            az = rz / angle
            along = (ax * x + ay * y + az * z) * (1.0 - c)
            u = x * c + (ay * z - az * y) * s + ax * along
            v = y * c + (az * x - ax * z) * s + ay * along
            w = z * c + (ax * y - ay * x) * s + az * along
        else:
            u = x + ry * z - rz * y
            v = y + rz * x - rx * z
            w = z + rx * y - ry * x
        u = u / w
        v = v / w
        r2 = u * u + v * v
        stretch = 1.0 + cams[i, 9] * r2 + cams[i, 10] * r2 * r2
        errors[i, 0] = weights[i] * (u * stretch * cams[i, 6] + cams[i, 7] - features[i, 0])
        errors[i, 1] = weights[i] * (v * stretch * cams[i, 6] + cams[i, 8] - features[i, 1])
    return errors


def hand_of_theta(theta, parents, relatives, inverses, positions, weights, mirrored, correspondences, points):
    """Errors of the simple hand: every measured point belongs to a vertex."""
    vertices = posed_vertices(theta, parents, relatives, inverses, positions, weights, mirrored)
    return (points - vertices[correspondences]).ravel()


def hand_surface(theta, us, parents, relatives, inverses, positions, weights, mirrored, corners, points):
    """Errors of the complicated hand: every measured point belongs to a place in a triangle."""
    return hand_errors(theta, us, parents, relatives, inverses, positions, weights, mirrored, corners, points).ravel()


def potential(x, w):
    """Of a unit charge at x, from two fixed unit charges."""
    first = math.sqrt((x[0] - 10.0) ** 2 + (x[1] - (10.0 - w)) ** 2)
    second = math.sqrt((x[0] - 10.0) ** 2 + x[1] ** 2)
    return 1.0 / first + 1.0 / second


def saddle_value(x, y):
    return x[0] * x[0] + x[1] * x[1] - (y[0] * y[0] + y[1] * y[1])
