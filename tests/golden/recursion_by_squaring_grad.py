# Derivative of recursion_by_squaring, written by srcad.


def recursion_by_squaring_grad(x, out_bar=1.0):
    """Return recursion_by_squaring(x) and its derivative with respect to x."""
    # ---- forward sweep ----
    x_ = x * x
    x_2 = x_ * x_
    x_3 = x_2 * x_2
    x_4 = x_3 * x_3
    out = 1.0 * x_3 * x_2 * 1.0 * x

    # ---- reverse sweep ----
    # L2  return _power(x, n)
    g = x * out_bar
    x_3_bar = x_2 * g
    x_2_bar = g * x_3
    x_bar = out_bar * (x_3 * x_2 * 1.0)
    # L149 of calls.py  _power(x * x, n // 2)
    x_2_bar += 2.0 * x_2 * x_3_bar
    x_bar_ = 2.0 * x_ * x_2_bar
    x_bar += 2.0 * x * x_bar_
    return out, x_bar
