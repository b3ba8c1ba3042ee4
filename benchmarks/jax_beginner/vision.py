"""Bundle adjustment and hand tracking in JAX as first written."""

import jax
import jax.numpy as jnp


def project(cam, point):
    """The pixel of one point in one camera."""
    offset = point - cam[3:6]
    square = jnp.sum(cam[:3] ** 2)
    angle = jnp.sqrt(jnp.where(square > 0.0, square, 1.0))
    axis = cam[:3] / angle
    along = jnp.dot(axis, offset) * (1.0 - jnp.cos(angle))
    turned = offset * jnp.cos(angle) + jnp.cross(axis, offset) * jnp.sin(angle) + axis * along
    turned = jnp.where(square > 0.0, turned, offset + jnp.cross(cam[:3], offset))
    flat = turned[:2] / turned[2]
    r2 = jnp.sum(flat**2)
    return flat * (1.0 + cam[9] * r2 + cam[10] * r2 * r2) * cam[6] + cam[7:9]


def bundle_adjustment(cams, points, weights, observed, features):
    def observation(i, total):
        pixel = project(cams[observed[i, 0]], points[observed[i, 1]])
        error = weights[i] * (pixel - features[i])
        return total + 0.5 * (jnp.sum(error**2) + (1.0 - weights[i] ** 2) ** 2)

    return jax.lax.fori_loop(0, observed.shape[0], observation, 0.0)


def euler_rotation(tx, tz, ty):
    cx, sx, cy, sy, cz, sz = jnp.cos(tx), jnp.sin(tx), jnp.cos(ty), jnp.sin(ty), jnp.cos(tz), jnp.sin(tz)
    return jnp.array(
        [
            [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
            [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
            [-sy, cy * sx, cy * cx],
        ]
    )


def axis_rotation(r):
    """For |r| above 1e-4, where the program itself takes this branch."""
    angle = jnp.sqrt(jnp.sum(r * r))
    (x, y, z), s, c = r / angle, jnp.sin(angle), jnp.cos(angle)
    t = 1.0 - c
    return jnp.array(
        [
            [x * x + (1.0 - x * x) * c, x * y * t - z * s, x * z * t + y * s],
            [x * y * t + z * s, y * y + (1.0 - y * y) * c, y * z * t - x * s],
            [x * z * t - y * s, y * z * t + x * s, z * z + (1.0 - z * z) * c],
        ]
    )


def finger_angles(theta, bones):
    """Each finger has four parameters: bend and spread of its first bone, bend of the next two."""
    angles = jnp.zeros((bones, 3))
    for finger in range(5):
        for joint in range(3):
            bone = 2 + 4 * finger + joint
            angles = angles.at[bone, 0].set(theta[6 + 4 * finger + joint + (joint > 0)])
        angles = angles.at[2 + 4 * finger, 1].set(theta[7 + 4 * finger])
    return angles


def hand_tracking(theta, us, parents, relatives, inverses, positions, weights, mirrored, corners, points):
    bones = relatives.shape[0]
    angles = finger_angles(theta, bones)
    absolutes = jnp.zeros((bones, 4, 4))
    vertices = jnp.zeros((positions.shape[0], 3))
    for i in range(bones):
        turn = jnp.eye(4).at[:3, :3].set(euler_rotation(angles[i, 0], angles[i, 1], angles[i, 2]))
        relative = relatives[i] @ turn
        parent = jnp.where(parents[i] < 0, jnp.eye(4), absolutes[parents[i]])
        absolutes = absolutes.at[i].set(parent @ relative)
        transform = absolutes[i] @ inverses[i]
        vertices += (positions @ transform[:3].T) * weights[:, i : i + 1]
    if mirrored:
        vertices = vertices.at[:, 0].multiply(-1.0)
    vertices = vertices @ axis_rotation(theta[:3]).T + theta[3:6]
    u, v = us[:, :1], us[:, 1:]
    surface = u * vertices[corners[:, 0]] + v * vertices[corners[:, 1]] + (1.0 - u - v) * vertices[corners[:, 2]]
    return 0.5 * jnp.sum((points - surface) ** 2)
