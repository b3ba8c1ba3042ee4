# Derivative of black_scholes_call, written by srcad.

import math

import numpy as np


def black_scholes_call_grad(spot, strike, rate, vol, expiry, out_bar=1.0):
    """Return black_scholes_call(...) and its derivatives.

    With respect to spot, strike, rate, vol, expiry.
    """
    # ---- forward sweep ----
    sqrt = math.sqrt(expiry)
    log = math.log(spot / strike)
    d1 = (log + (rate + 0.5 * vol**2) * expiry) / (vol * sqrt)
    sqrt2 = math.sqrt(expiry)
    d2 = d1 - vol * sqrt2
    sqrt3 = math.sqrt(2.0)
    erf = math.erf(d2 / sqrt3)
    exp = math.exp(-rate * expiry)
    sqrt4 = math.sqrt(2.0)
    erf2 = math.erf(d1 / sqrt4)
    out = spot * (0.5 * (1.0 + erf2)) - strike * exp * (0.5 * (1.0 + erf))

    # ---- reverse sweep ----
    # L4  return spot * _normal_cdf(d1) - strike * math.exp(-rate * expiry) * _normal_cdf(d2)
    g = -0.5 * out_bar * (1.0 + erf)
    spot_bar = 0.5 * out_bar * (1.0 + erf2)
    erf2_bar = 0.5 * spot * out_bar
    strike_bar = exp * g
    exp_bar = strike * g
    erf_bar = -0.5 * out_bar * (strike * exp)
    d1_bar = (
        1.1283791670955126 * erf2_bar * np.exp(-(d1 / sqrt4) * (d1 / sqrt4)) / sqrt4
    )
    g2 = exp * exp_bar
    rate_bar = -(expiry * g2)
    expiry_bar = -(g2 * rate)
    d2_bar = 1.1283791670955126 * erf_bar * np.exp(-(d2 / sqrt3) * (d2 / sqrt3)) / sqrt3
    # L3  d2 = d1 - vol * math.sqrt(expiry)
    d1_bar += d2_bar
    vol_bar = -(sqrt2 * d2_bar)
    sqrt2_bar = -(vol * d2_bar)
    expiry_bar += 0.5 * sqrt2_bar / sqrt2
    # L2  d1 = (math.log(spot / strike) + (rate + 0.5 * vol**2) * expiry) / (vol * math.sqrt(expiry))
    g3 = d1_bar / (vol * sqrt)
    g4 = expiry * g3
    g5 = -d1_bar * (log + (rate + 0.5 * vol**2) * expiry) / (vol * sqrt * (vol * sqrt))
    log_bar = g3
    rate_bar += g4
    vol_bar += g4 * vol
    expiry_bar += g3 * (rate + 0.5 * vol**2)
    vol_bar += sqrt * g5
    sqrt_bar = vol * g5
    g6 = log_bar / (spot / strike)
    spot_bar += g6 / strike
    strike_bar -= g6 * spot / (strike * strike)
    expiry_bar += 0.5 * sqrt_bar / sqrt
    return out, spot_bar, strike_bar, rate_bar, vol_bar, expiry_bar
