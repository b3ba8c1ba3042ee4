# Derivative of kalman_scalar, written by srcad.

import math

import numpy as np


def kalman_scalar_grad(q, r, phi, y, out_bar=1.0):
    """Return kalman_scalar(...) and its derivatives with respect to q, r, phi, y.

    Shapes: y (n,). Records m, p, error, gain, s: 8 * len(y) bytes each.
    """
    # ---- forward sweep ----
    m = 0.0
    p = 1.0
    loglik = 0.0
    m_saved = np.empty(len(y))
    p_saved = np.empty(len(y))
    p_saved_ = np.empty(len(y))
    error_saved = np.empty(len(y))
    gain_saved = np.empty(len(y))
    s_saved = np.empty(len(y))
    for k in range(len(y)):
        m_saved[k] = m
        m = phi * m
        p_saved[k] = p
        p = phi * phi * p + q
        s = p + r
        gain = p / s
        error = y[k] - m
        loglik = loglik - 0.5 * (math.log(2.0 * math.pi * s) + error * error / s)
        m = m + gain * error
        p_saved_[k] = p
        p = (1.0 - gain) * p
        error_saved[k] = error
        gain_saved[k] = gain
        s_saved[k] = s

    # ---- reverse sweep ----
    # L14  return loglik
    loglik_bar = out_bar
    m_bar = 0.0
    p_bar = 0.0
    phi_bar = 0.0
    q_bar = 0.0
    r_bar = 0.0
    y_bar = np.zeros_like(y)
    for k in range(len(y) - 1, -1, -1):
        error = error_saved[k]
        gain = gain_saved[k]
        s = s_saved[k]
        # L13  p = (1.0 - gain) * p
        p = p_saved_[k]
        gain_bar = -(p_bar * p)
        p_bar = p_bar * (1.0 - gain)
        # L12  m = m + gain * error
        gain_bar += m_bar * error
        error_bar = m_bar * gain
        # L11  loglik -= 0.5 * (math.log(2.0 * math.pi * s) + error * error / s)
        g = -0.5 * loglik_bar
        g2 = g / s
        s_bar = 2.0 * g / (2.0 * math.pi * s) * math.pi
        error_bar += 2.0 * g2 * error
        s_bar -= g * (error * error) / (s * s)
        # L10  error = y[k] - m
        y_bar[k] += error_bar
        m_bar -= error_bar
        # L9  gain = p / s
        p_bar += gain_bar / s
        s_bar -= gain_bar * p / (s * s)
        # L8  s = p + r
        p_bar += s_bar
        r_bar += s_bar
        # L7  p = phi * phi * p + q
        p = p_saved[k]
        g = p_bar * p
        phi_bar += 2.0 * phi * g
        q_bar += p_bar
        p_bar = p_bar * (phi * phi)
        # L6  m = phi * m
        m = m_saved[k]
        phi_bar += m_bar * m
        m_bar = phi * m_bar
    return loglik, q_bar, r_bar, phi_bar, y_bar
