"""Bundle adjustment and hand tracking in JAX: vmap over observations and bones, one product for the skinning."""

import jax
import jax.numpy as jnp

from benchmarks.jax_beginner.vision import axis_rotation, euler_rotation, finger_angles, project


def bundle_adjustment(cams, points, weights, observed, features):
    pixels = jax.vmap(project)(cams[observed[:, 0]], points[observed[:, 1]])
    errors = weights[:, None] * (pixels - features)
    return 0.5 * (jnp.sum(errors**2) + jnp.sum((1.0 - weights**2) ** 2))


def hand_tracking(theta, us, parents, relatives, inverses, positions, weights, mirrored, corners, points):
    bones = relatives.shape[0]
    turns = jnp.zeros((bones, 4, 4)).at[:, 3, 3].set(1.0)
    turns = turns.at[:, :3, :3].set(jax.vmap(lambda a: euler_rotation(*a))(finger_angles(theta, bones)))
    relatives = relatives @ turns

    def absolute(known, i):
        parent = jnp.where(parents[i] < 0, jnp.eye(4), known[parents[i]])
        return known.at[i].set(parent @ relatives[i]), None

    absolutes, _ = jax.lax.scan(absolute, jnp.zeros((bones, 4, 4)), jnp.arange(bones))
    transforms = (absolutes @ inverses)[:, :3]
    # sum over bones of weight * position: one product of (vertices, bones * 4) and (bones * 4, 3)
    spread = (weights[:, :, None] * positions[:, None]).reshape(positions.shape[0], -1)
    vertices = spread @ transforms.transpose(0, 2, 1).reshape(-1, 3)
    flip = jnp.array([-1.0 if mirrored else 1.0, 1.0, 1.0])
    vertices = (vertices * flip) @ axis_rotation(theta[:3]).T + theta[3:6]
    barycentric = jnp.concatenate([us, 1.0 - us.sum(1, keepdims=True)], axis=1)
    surface = jnp.einsum("pc,pcx->px", barycentric, vertices[corners])
    return 0.5 * jnp.sum((points - surface) ** 2)
