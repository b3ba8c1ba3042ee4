"""Bodies that attract each other in CasADi; every pair is in the graph."""

import casadi as ca


def nbody(position, velocity, mass, dt, steps):
    n = mass.shape[0]
    p, v, m = ca.SX.sym("p", n, 3), ca.SX.sym("v", n, 3), ca.SX.sym("m", n)
    speeds = [v[i, :] for i in range(n)]
    for i in range(n):
        for j in range(i + 1, n):
            r = p[i, :] - p[j, :]
            square = ca.sumsqr(r) + 0.01
            pull = r * dt / (square * ca.sqrt(square))
            speeds[i] -= pull * m[j]
            speeds[j] += pull * m[i]
    after = ca.vertcat(*speeds)
    state = ca.vertcat(ca.vec(p), ca.vec(v), m)
    step = ca.Function("step", [state], [ca.vertcat(ca.vec(p + dt * after), ca.vec(after), m)])
    energy = 0.0
    for i in range(n):
        energy += 0.5 * m[i] * ca.sumsqr(v[i, :])
        for j in range(i + 1, n):
            energy -= m[i] * m[j] / ca.sqrt(ca.sumsqr(p[i, :] - p[j, :]) + 0.01)
    end = step.fold(steps)(ca.vertcat(ca.vec(position), ca.vec(velocity), mass))
    return ca.Function("energy", [state], [energy])(end)
