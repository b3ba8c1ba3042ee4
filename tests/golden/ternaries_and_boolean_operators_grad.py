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
        choice_2 = 2.0
    else:
        choice_2 = 3.0
    out = b * choice_2

    # ---- reverse sweep ----
    # L4  return b * (2.0 if a > b > 0.0 else 3.0)
    b_bar = out_bar * choice_2
    # L3  b = a * y if (x > 1.0 and y > 1.0) or not x < 0.5 else a / y
    choice_bar_ = b_bar
    if x > 1.0 and y > 1.0 or not x < 0.5:
        # L3  a * y if (x > 1.0 and y > 1.0) or not x < 0.5 else a / y
        a_bar = y * choice_bar_
        y_bar = a * choice_bar_
    else:
        # L3  a * y if (x > 1.0 and y > 1.0) or not x < 0.5 else a / y
        a_bar = choice_bar_ / y
        y_bar = -(choice_bar_ * a / (y * y))
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
