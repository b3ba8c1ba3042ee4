# Derivative of nested_while, written by srcad.


def nested_while_grad(x, y, out_bar=1.0):
    """Return nested_while(x, y) and its derivatives with respect to x, y.

    Records inner, trips: 8 bytes per trip each.
    """
    # ---- forward sweep ----
    total = 0.0
    i = 0
    inner_saved = []
    inner_saved_ = []
    trips_saved = []
    trips_ = 0
    while total < 3.0 and i < 20:
        trips_ += 1
        inner = x
        trips = 0
        while inner < y:
            trips += 1
            inner_saved.append(inner)
            inner = inner * 1.5
            total = total + 0.1 * inner * y
        total = total + (inner - x)
        i = i + 1
        inner_saved_.append(inner)
        trips_saved.append(trips)

    # ---- reverse sweep ----
    # L11  return total
    total_bar = out_bar
    x_bar = 0.0
    y_bar = 0.0
    for _ in range(trips_):
        inner = inner_saved_.pop()
        trips = trips_saved.pop()
        # L9  total += inner - x
        inner_bar = total_bar
        x_bar -= total_bar
        for _ in range(trips):
            # L8  total += 0.1 * inner * y
            inner_bar += 0.1 * y * total_bar
            y_bar += 0.1 * total_bar * inner
            # L7  inner = inner * 1.5
            inner = inner_saved.pop()
            inner_bar = 1.5 * inner_bar
        # L5  inner = x
        x_bar += inner_bar
    return total, x_bar, y_bar
