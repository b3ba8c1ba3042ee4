# Derivative of newton_sqrt, written by srcad.


def newton_sqrt_jvp(x, tol, x_dot):
    """Return newton_sqrt(x, tol) and its tangent along x."""
    y_dot = x_dot
    y = x
    while abs(y * y - x) > tol:
        y_dot = 0.5 * (y_dot + (x_dot / y - y_dot * x / (y * y)))
        y = 0.5 * (y + x / y)
    if y < 1.0:
        r_dot = y_dot * x + y * x_dot
        r = y * x
    else:
        r_dot = y_dot
        r = y
    return r, r_dot
