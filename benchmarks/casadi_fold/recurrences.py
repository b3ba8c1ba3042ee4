"""Scalar recurrences in CasADi."""

import casadi as ca


def van_der_pol(x, v, mu, h, steps):
    s = ca.SX.sym("s", 4)  # x, v, mu, total
    speed = s[1] + h * (s[2] * (1.0 - s[0] * s[0]) * s[1] - s[0])
    place = s[0] + h * speed
    step = ca.Function("step", [s], [ca.vertcat(place, speed, s[2], s[3] + place * place)])
    return step.fold(steps)(ca.vertcat(x, v, mu, 0.0))[3] / steps


def pendulum(angle, speed, drag, h, steps):
    s = ca.SX.sym("s", 2)
    then = s[1] - h * (ca.sin(s[0]) + 0.01 * drag * s[1])
    end = ca.Function("step", [s], [ca.vertcat(s[0] + h * then, then)]).fold(steps)(ca.vertcat(angle, speed))
    return ca.sumsqr(end)
