# Derivative of ternaries_and_boolean_operators, written by srcad.


def ternaries_and_boolean_operators_grad(x, y, out_bar=1.0):
    """Return ternaries_and_boolean_operators(...) and its derivatives.

    With respect to x, y.
    """
    # ---- forward sweep ----
    if x > y:
        choice = x
    else:
        choice = y
    a = choice
    if x > 1.0 and y > 1.0 or not x < 0.5:
        choice_ = a * y
    else:
        choice_ = a / y
    b = choice_
    if a > b > 0.0:
        choice__ = 2.0
    else:
        choice__ = 3.0
    out = b * choice__

    # ---- reverse sweep ----
    # L4  return b * (2.0 if a > b > 0.0 else 3.0)
    b_bar = out_bar * choice__
    # L3  b = a * y if (x > 1.0 and y > 1.0) or not x < 0.5 else a / y
    choice__bar = b_bar
    if x > 1.0 and y > 1.0 or not x < 0.5:
        # L3  a * y if (x > 1.0 and y > 1.0) or not x < 0.5 else a / y
        a_bar = y * choice__bar
        y_bar = a * choice__bar
    else:
        # L3  a * y if (x > 1.0 and y > 1.0) or not x < 0.5 else a / y
        a_bar = choice__bar / y
        y_bar = -(choice__bar * a / (y * y))
    # L2  a = x if x > y else y
    choice_bar = a_bar
    x_bar = 0.0
    if x > y:
        # L2  x if x > y else y
        x_bar += choice_bar
    else:
        # L2  x if x > y else y
        y_bar += choice_bar
    return out, x_bar, y_bar
