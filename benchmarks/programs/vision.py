"""Bundle adjustment and hand tracking, as ADBench states them; here half the sum of the squared errors."""

import math

import numpy as np

from benchmarks.case import case


def _scene(rng, cameras, points, observations):
    cams = 0.1 * rng.standard_normal((cameras, 11))
    cams[:, 5] -= 5.0  # behind the points
    cams[:, 6] += 1.0
    observed = np.stack([np.arange(observations) % cameras, np.arange(observations) % points], axis=1)
    return (
        cams,
        rng.standard_normal((points, 3)),
        0.5 + rng.random(observations),
        observed,
        rng.standard_normal((observations, 2)),
    )


@case(
    _scene, (0, 1, 2), tiny=(2, 3, 5), small=(5, 50, 300), medium=(21, 2_000, 10_000), large=(50, 20_000, 200_000),
    parallel=True,
)  # fmt: skip
def bundle_adjustment(cams, points, weights, observed, features):
    """A camera: rotation (angle-axis), centre, focal length, principal point, two radial distortions."""
    total = 0.0
    for i in range(observed.shape[0]):
        c = observed[i, 0]
        p = observed[i, 1]
        x = points[p, 0] - cams[c, 3]
        y = points[p, 1] - cams[c, 4]
        z = points[p, 2] - cams[c, 5]
        rx = cams[c, 0]
        ry = cams[c, 1]
        rz = cams[c, 2]
        square = rx * rx + ry * ry + rz * rz
        if square > 0.0:
            angle = math.sqrt(square)
            cosine = math.cos(angle)
            sine = math.sin(angle)
            ax = rx / angle
            ay = ry / angle
            az = rz / angle
            along = (ax * x + ay * y + az * z) * (1.0 - cosine)
            u = x * cosine + (ay * z - az * y) * sine + ax * along
            v = y * cosine + (az * x - ax * z) * sine + ay * along
            w = z * cosine + (ax * y - ay * x) * sine + az * along
        else:
            u = x + ry * z - rz * y
            v = y + rz * x - rx * z
            w = z + rx * y - ry * x
        u = u / w
        v = v / w
        r2 = u * u + v * v
        distortion = 1.0 + cams[c, 9] * r2 + cams[c, 10] * r2 * r2
        e0 = weights[i] * (u * distortion * cams[c, 6] + cams[c, 7] - features[i, 0])
        e1 = weights[i] * (v * distortion * cams[c, 6] + cams[c, 8] - features[i, 1])
        e2 = 1.0 - weights[i] * weights[i]
        total += 0.5 * (e0 * e0 + e1 * e1 + e2 * e2)
    return total


def euler_rotation(tx, tz, ty):
    """Rz @ Ry @ Rx."""
    cx, sx = math.cos(tx), math.sin(tx)
    cy, sy = math.cos(ty), math.sin(ty)
    cz, sz = math.cos(tz), math.sin(tz)
    return np.array(
        [
            [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
            [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
            [-sy, cy * sx, cy * cx],
        ]
    )


def axis_rotation(r):
    """The rotation about the axis r by the angle |r|."""
    angle = math.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
    if angle < 1e-4:
        return np.eye(3)
    x, y, z = r[0] / angle, r[1] / angle, r[2] / angle
    s, c = math.sin(angle), math.cos(angle)
    t = 1.0 - c
    return np.array(
        [
            [x * x + (1.0 - x * x) * c, x * y * t - z * s, x * z * t + y * s],
            [x * y * t + z * s, y * y + (1.0 - y * y) * c, y * z * t - x * s],
            [x * z * t - y * s, y * z * t + x * s, z * z + (1.0 - z * z) * c],
        ]
    )


def finger_angles(theta, bones):
    """Euler angles per bone from the 26 parameters: four per finger, three bones of which bend."""
    angles = np.zeros((bones, 3))
    at = 6
    bone = 2
    for _ in range(5):
        for joint in range(3):
            angles[bone, 0] = theta[at]
            at += 1
            if joint == 0:
                angles[bone, 1] = theta[at]
                at += 1
            bone += 1
        bone += 1
    return angles


def posed_vertices(theta, parents, relatives, inverses, positions, weights, mirrored):
    """Skinned positions (vertices, 3); positions (vertices, 4), weights (vertices, bones)."""
    bones = parents.shape[0]
    angles = finger_angles(theta, bones)
    absolutes = np.zeros((bones, 4, 4))
    vertices = np.zeros((positions.shape[0], 3))
    for i in range(bones):
        turn = np.eye(4)
        turn[:3, :3] = euler_rotation(angles[i, 0], angles[i, 1], angles[i, 2])
        relative = relatives[i] @ turn
        if parents[i] < 0:
            absolutes[i] = relative
        else:
            absolutes[i] = absolutes[parents[i]] @ relative
        transform = absolutes[i] @ inverses[i]
        vertices += (positions @ transform[:3].T) * weights[:, i].copy().reshape(-1, 1)
    if mirrored:
        vertices[:, 0] = -vertices[:, 0]
    return vertices @ axis_rotation(theta[:3]).T + theta[3:6]


def hand_errors(theta, us, parents, relatives, inverses, positions, weights, mirrored, corners, points):
    """What separates the measured points from the surface, (points, 3); us are barycentric coordinates."""
    vertices = posed_vertices(theta, parents, relatives, inverses, positions, weights, mirrored)
    u = us[:, 0].copy().reshape(-1, 1)
    v = us[:, 1].copy().reshape(-1, 1)
    surface = u * vertices[corners[:, 0]] + v * vertices[corners[:, 1]] + (1.0 - u - v) * vertices[corners[:, 2]]
    return points - surface


def _hand(rng, vertices, points):
    bones = 22
    parents = np.array([-1, 0] + [0 if i % 4 == 0 else i + 1 for i in range(20)])
    positions = np.concatenate([rng.standard_normal((vertices, 3)), np.ones((vertices, 1))], axis=1)
    weights = rng.random((vertices, bones)) ** 8
    rigid = 0.3 * rng.standard_normal((2, bones, 4, 4)) + np.eye(4)
    rigid[:, :, 3] = (0.0, 0.0, 0.0, 1.0)
    return (
        0.3 * rng.standard_normal(26),
        0.3 * rng.random((points, 2)),
        parents,
        rigid[0],
        rigid[1],
        positions,
        weights / weights.sum(axis=1, keepdims=True),
        False,
        rng.integers(0, vertices, (points, 3)),
        rng.standard_normal((points, 3)),
    )


@case(_hand, (0, 1), tiny=(12, 6), small=(544, 100), medium=(10_000, 1_000), large=(50_000, 100_000))
def hand_tracking(theta, us, parents, relatives, inverses, positions, weights, mirrored, corners, points):
    error = hand_errors(theta, us, parents, relatives, inverses, positions, weights, mirrored, corners, points)
    return 0.5 * np.sum(error * error)
