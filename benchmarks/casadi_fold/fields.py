"""Explicit schemes in CasADi."""

import casadi as ca


def burgers(u, nu, dt, dx, steps):
    n = u.shape[0]
    s = ca.SX.sym("s", n + 1)  # u, then nu
    w = s[:n]
    convection = w[1:-1] * (w[1:-1] - w[:-2]) / dx
    diffusion = s[n] * (w[2:] - 2.0 * w[1:-1] + w[:-2]) / (dx * dx)
    after = ca.vertcat(w[0], w[1:-1] + dt * (diffusion - convection), w[-1], s[n])
    end = ca.Function("step", [s], [after]).fold(steps)(ca.vertcat(u, nu))
    return ca.sumsqr(end[:n])


def advection(q, courant, dx, steps):
    n = q.shape[0]
    s = ca.SX.sym("s", n + 1)  # q, then courant
    w, c = s[:n], s[n]
    before = w - ca.vertcat(w[-1], w[:-1])
    after = ca.vertcat(w[1:], w[0]) - w
    slope = before * after * (before + after) / (before * before + after * after + 1e-3)
    slope = ca.if_else(before * after > 0.0, slope, 0.0)
    face = w + 0.5 * (1.0 - c) * slope
    then = w - c * (face - ca.vertcat(face[-1], face[:-1]))
    end = ca.Function("step", [s], [ca.vertcat(then, c)]).fold(steps)(ca.vertcat(q, courant))
    return ca.sumsqr(end[:n]) * dx
