# Derivative of recursion_by_squaring, written by srcad.


def recursion_by_squaring_grad(x, out_bar=1.0):
    """Return recursion_by_squaring(x) and its derivative with respect to x."""
    # ---- forward sweep ----
    x_ = x * x
    x__ = x_ * x_
    x___ = x__ * x__
    x____ = x___ * x___
    out = 1.0 * x___ * x__ * 1.0 * x

    # ---- reverse sweep ----
    # L2  return _power(x, n)
    g = x * out_bar
    x____bar = x__ * g
    x___bar = 1.0 * g * x___
    x_bar = 1.0 * out_bar * (x___ * x__ * 1.0)
    # L149  _power(x * x, n // 2)
    x___bar += 2.0 * x__ * x____bar
    x__bar = 2.0 * x_ * x___bar
    x_bar += 2.0 * x * x__bar
    return out, x_bar
