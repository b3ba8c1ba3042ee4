"""Bundle adjustment by hand: observations are independent, so each one is reversed as soon as it is computed."""

import math

import numpy as np

from benchmarks.by_hand import compiled
from benchmarks.programs import vision

bundle_adjustment_primal = compiled(vision.bundle_adjustment)


@compiled
def bundle_adjustment(cams, points, weights, observed, features):
    cams_bar, points_bar, weights_bar = np.zeros_like(cams), np.zeros_like(points), np.empty_like(weights)
    total = 0.0
    for i in range(observed.shape[0]):
        c, p, weight = observed[i, 0], observed[i, 1], weights[i]
        x, y, z = points[p, 0] - cams[c, 3], points[p, 1] - cams[c, 4], points[p, 2] - cams[c, 5]
        rx, ry, rz = cams[c, 0], cams[c, 1], cams[c, 2]
        square = rx * rx + ry * ry + rz * rz
        if square > 0.0:
            angle = math.sqrt(square)
            inverse = 1.0 / angle
            cosine, sine = math.cos(angle), math.sin(angle)
            ax, ay, az = rx * inverse, ry * inverse, rz * inverse
        else:
            inverse, cosine, sine, ax, ay, az = 0.0, 1.0, 0.0, 0.0, 0.0, 0.0
        dot = ax * x + ay * y + az * z
        along = dot * (1.0 - cosine)
        crossx, crossy, crossz = ay * z - az * y, az * x - ax * z, ax * y - ay * x
        a = x * cosine + crossx * sine + ax * along
        b = y * cosine + crossy * sine + ay * along
        w = z * cosine + crossz * sine + az * along
        if square == 0.0:
            a, b, w = a + ry * z - rz * y, b + rz * x - rx * z, w + rx * y - ry * x
        over = 1.0 / w
        u, v = a * over, b * over
        k1, k2, f = cams[c, 9], cams[c, 10], cams[c, 6]
        r2 = u * u + v * v
        distortion = 1.0 + k1 * r2 + k2 * r2 * r2
        m0 = u * distortion * f + cams[c, 7] - features[i, 0]
        m1 = v * distortion * f + cams[c, 8] - features[i, 1]
        e0, e1, e2 = weight * m0, weight * m1, 1.0 - weight * weight
        total += 0.5 * (e0 * e0 + e1 * e1 + e2 * e2)

        weights_bar[i] = e0 * m0 + e1 * m1 - 2.0 * e2 * weight
        g0, g1 = weight * e0, weight * e1
        cams_bar[c, 7] += g0
        cams_bar[c, 8] += g1
        cams_bar[c, 6] += distortion * (g0 * u + g1 * v)
        d_bar = f * (g0 * u + g1 * v)
        cams_bar[c, 9] += d_bar * r2
        cams_bar[c, 10] += d_bar * r2 * r2
        r2_bar = 2.0 * d_bar * (k1 + 2.0 * k2 * r2)
        a_bar = (g0 * distortion * f + r2_bar * u) * over
        b_bar = (g1 * distortion * f + r2_bar * v) * over
        w_bar = -(a_bar * u + b_bar * v)
        if square > 0.0:
            seed = a_bar * x + b_bar * y + w_bar * z
            turn = a_bar * crossx + b_bar * crossy + w_bar * crossz
            axis = a_bar * ax + b_bar * ay + w_bar * az
            dot_bar = axis * (1.0 - cosine)
            angle_bar = turn * cosine - sine * (seed - axis * dot)
            sa, sb, sw = sine * a_bar, sine * b_bar, sine * w_bar
            # cross = axis x point: its adjoint is point x seed for the axis and seed x axis for the point
            ax_bar = a_bar * along + dot_bar * x + y * sw - z * sb
            ay_bar = b_bar * along + dot_bar * y + z * sa - x * sw
            az_bar = w_bar * along + dot_bar * z + x * sb - y * sa
            x_bar = a_bar * cosine + dot_bar * ax + sb * az - sw * ay
            y_bar = b_bar * cosine + dot_bar * ay + sw * ax - sa * az
            z_bar = w_bar * cosine + dot_bar * az + sa * ay - sb * ax
            angle_bar -= (ax_bar * ax + ay_bar * ay + az_bar * az) * inverse
            cams_bar[c, 0] += ax_bar * inverse + angle_bar * ax
            cams_bar[c, 1] += ay_bar * inverse + angle_bar * ay
            cams_bar[c, 2] += az_bar * inverse + angle_bar * az
        else:
            x_bar = a_bar + b_bar * rz - w_bar * ry
            y_bar = b_bar + w_bar * rx - a_bar * rz
            z_bar = w_bar + a_bar * ry - b_bar * rx
            cams_bar[c, 0] += w_bar * y - b_bar * z
            cams_bar[c, 1] += a_bar * z - w_bar * x
            cams_bar[c, 2] += b_bar * x - a_bar * y
        points_bar[p, 0] += x_bar
        points_bar[p, 1] += y_bar
        points_bar[p, 2] += z_bar
        cams_bar[c, 3] -= x_bar
        cams_bar[c, 4] -= y_bar
        cams_bar[c, 5] -= z_bar
    return total, cams_bar, points_bar, weights_bar
