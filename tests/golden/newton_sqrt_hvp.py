# Derivative of newton_sqrt, written by srcad.


def newton_sqrt_hvp(x, tol, out_bar, x_dot):
    """Return newton_sqrt(x, tol), its gradient, and their tangent along x."""
    # ---- forward sweep ----
    y_dot = x_dot
    y = x
    y_saved = []
    y_saved_dot = []
    trips = 0
    while abs(y * y - x) > tol:
        trips += 1
        y_saved_dot.append(y_dot)
        y_saved.append(y)
        y_dot = 0.5 * (y_dot + (x_dot / y - y_dot * x / (y * y)))
        y = 0.5 * (y + x / y)
    if y < 1.0:
        r_dot = y_dot * x + y * x_dot
        r = y * x
    else:
        r_dot = y_dot
        r = y

    # ---- reverse sweep ----
    # L9  return r
    r_bar = out_bar
    x_bar = 0.0
    x_bar_dot = 0.0
    if y < 1.0:
        # L6  r = y * x
        y_bar_dot = x_dot * r_bar
        y_bar = x * r_bar
        x_bar_dot += r_bar * y_dot
        x_bar += r_bar * y
    else:
        # L8  r = y
        y_bar = r_bar
        y_bar_dot = 0.0
    for _ in range(trips):
        # L4  y = 0.5 * (y + x / y)
        y = y_saved.pop()
        y_dot = y_saved_dot.pop()
        g_dot = 0.5 * y_bar_dot
        g = 0.5 * y_bar
        x_bar_dot += g_dot / y - y_dot * g / (y * y)
        x_bar += g / y
        y_bar_dot = g_dot - (
            (g_dot * x + g * x_dot) / (y * y)
            - 2.0 * y * y_dot * (g * x) / (y * y * (y * y))
        )
        y_bar = g - g * x / (y * y)
    # L2  y = x
    x_bar_dot += y_bar_dot
    x_bar += y_bar
    return r, x_bar, r_dot, x_bar_dot
