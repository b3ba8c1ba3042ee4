"""Functions defined by equations that SciPy solves: roots, minima, integrals, trajectories."""

import numpy as np
from scipy import integrate, optimize

from tests.programs.registry import program

PLAIN = ("numpy",)  # Numba compiles no solver
TIMES = np.linspace(0.0, 2.0, 7)
COUPLING = np.array([[0.1, -0.5], [0.7, 0.2]])


def two(rng):
    return (np.array([1.5, 0.7]) + 0.1 * rng.random(2),)


def cubic(x, a, b):
    return x**3 + a * x - b


def cubic_slope(x, a, b):
    return 3.0 * x**2 + a


@program(two, backends=PLAIN)
def bracketed_root_of_a_closure(t):
    def residual(x):
        return x**3 + t[0] * x - t[1]

    x = optimize.brentq(residual, 0.0, 5.0, xtol=1e-14)
    return x * x + t[0]


@program(two, backends=PLAIN)
def root_with_args_in_a_loop(t):
    total = 0.0
    for k in range(3):
        total = total + optimize.brentq(cubic, 0.0, 5.0, args=(t[0], t[1] * (k + 1)), xtol=1e-14) ** 2
    return total


@program(two, backends=PLAIN)
def newton_with_and_without_a_slope(t):
    plain = optimize.newton(cubic, 1.0, args=(t[0], t[1]), tol=1e-14)
    guided = optimize.newton(lambda x: cubic(x, t[1], t[0]), 1.0, fprime=lambda x: cubic_slope(x, t[1], t[0]))
    return plain * guided


@program(two, backends=PLAIN)
def root_scalar_by_name(t):
    found = optimize.root_scalar(cubic, args=(t[0], t[1]), bracket=(0.0, 4.0), method="brentq", xtol=1e-14)
    return found.root**2 * t[1] if found.converged else 0.0


@program(two, backends=PLAIN)
def fsolve_with_a_list(t):
    def equations(x):
        return [x[0] ** 2 + t[0] * x[1] - 3.0, x[0] * x[1] + np.exp(x[1]) - t[1]]

    return optimize.fsolve(equations, [1.0, 1.0], xtol=1e-13)


@program(two, backends=PLAIN)
def fsolve_with_a_loop_inside(t):
    def equations(x):
        r = np.zeros(3)
        for i in range(3):
            r[i] = x[i] ** 3 + t[0] * x[i] - t[1] * (i + 1)
            if i > 0:
                r[i] += 0.1 * x[i - 1]
        return r

    return np.sum(optimize.fsolve(equations, np.ones(3), xtol=1e-13) ** 2)


@program(two, backends=PLAIN)
def root_of_a_matrix_equation(t):
    A = np.array([[3.0, 1.0], [0.5, 2.0]]) * t[0]
    found = optimize.root(lambda x, s: A @ x + 0.1 * np.sin(x * s) - t, np.zeros(2), args=(t[1],), tol=1e-13)
    return found.x * t


class Spring:
    def __init__(self):
        self.stiffness = 2.0

    def balance(self, x, load):
        return self.stiffness * x**3 + x - load[0] - x * load[1]

    def stretch(self, load):
        return optimize.brentq(self.balance, -5.0, 5.0, args=(load,), xtol=1e-14)


SPRING = Spring()


@program(two, backends=PLAIN)
def root_of_a_method(t):
    return SPRING.stretch(t) * t[0]


@program(two, backends=PLAIN)
def minimum_and_its_value(t):
    def cost(x):
        return (x[0] - t[0]) ** 2 + 3.0 * (x[1] - x[0] * t[1]) ** 2 + 0.1 * x[0] ** 4

    def slope(x):
        bend = 6.0 * (x[1] - x[0] * t[1])
        return np.array([2.0 * (x[0] - t[0]) - bend * t[1] + 0.4 * x[0] ** 3, bend])

    found = optimize.minimize(cost, np.zeros(2), jac=slope, tol=1e-13)
    return found.fun * found.x[0] + found.x[1]


@program(two, backends=PLAIN)
def minimum_between_bounds(t):
    """The first element is on a bound that moves, the second on one that does not, the third is free."""

    def cost(x):
        return 0.5 * np.sum(x * x) + x[0] * x[2] + 0.5 * x[1] * x[2] - x[1] * 9.0 - t[0] * x[2] + 0.1 * x[2] ** 4

    def slope(x):
        last = x[2] + x[0] + 0.5 * x[1] - t[0] + 0.4 * x[2] ** 3
        return np.array([x[0] + x[2], x[1] + 0.5 * x[2] - 9.0, last])

    limits = [(5.0 + t[1], None), (None, 2.0), (-9.0, 9.0)]
    found = optimize.minimize(cost, np.ones(3), jac=slope, bounds=limits, tol=1e-15, options={"gtol": 1e-12})
    return found.fun * found.x[2] + found.x[0] * found.x[1]


@program(two, backends=PLAIN)
def least_squares_fit(t):
    at = np.linspace(0.0, 1.0, 6)
    measured = t[0] * np.exp(-t[1] * at) + 0.1 * at

    def misfit(p):
        return p[0] * np.exp(-p[1] * at) - measured

    def slopes(p):
        return np.column_stack((np.exp(-p[1] * at), -p[0] * at * np.exp(-p[1] * at)))

    found = optimize.least_squares(misfit, np.ones(2), jac=slopes, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    return 10.0 * found.cost + found.x[0] * found.x[1] + np.sum(found.fun**3)


@program(two, backends=PLAIN)
def integral_with_parameters(t):
    return integrate.quad(lambda x: np.exp(-t[0] * x * x) * np.cos(t[1] * x), 0.0, 1.3)[0]


@program(two, backends=PLAIN)
def integral_between_moving_limits(t):
    value, _ = integrate.quad(lambda x, a: np.exp(-a * x) * x ** t[1], t[0], 2.0 * t[1] + 3.0, args=(t[0],))
    return value


@program(two, backends=PLAIN)
def integral_to_infinity(t):
    value, error = integrate.quad(lambda x: np.exp(-t[0] * x * x), 0.0, np.inf)
    return value * t[1]


@program(two, backends=PLAIN)
def trajectory_of_odeint(t):
    def rhs(y, s):
        return [t[0] * y[0] - t[1] * y[0] * y[1], -y[1] + 0.5 * y[0] * y[1] * t[1]]

    return integrate.odeint(rhs, [1.0, t[1]], TIMES, rtol=1e-12, atol=1e-12)


def predator_prey(s, y, a, b):
    return np.array([a * y[0] - b * y[0] * y[1], -y[1] + 0.5 * y[0] * y[1] * b * np.cos(s)])


@program(two, backends=PLAIN)
def trajectory_of_solve_ivp(t):
    found = integrate.solve_ivp(
        predator_prey, (0.0, 2.0), [1.0, t[1]], t_eval=TIMES, args=(t[0], t[1]), rtol=1e-12, atol=1e-12, method="DOP853"
    )
    return found.y


@program(two, backends=PLAIN)
def trajectory_of_a_network(t):
    weights = COUPLING * t[0]

    def rhs(s, y):
        return np.tanh(weights @ y)

    found = integrate.solve_ivp(
        rhs, (0.0, 2.0), t, t_eval=np.array([1.0, 2.0]), rtol=1e-12, atol=1e-12, method="DOP853"
    )
    return np.sum(found.y[:, -1] ** 2)


TIGHT = {"rtol": 1e-10, "atol": 1e-12}


@program(two, backends=PLAIN)
def trajectory_at_times_of_its_own(t):
    found = integrate.solve_ivp(lambda s, y: -t[0] * y * s, (0.0, 1.0), np.array([1.0, 2.0]) * t[1], **TIGHT)
    return found.y[0, -1] * found.y[1, -1]


@program(two, backends=PLAIN)
def trajectory_until_a_time_asked_for(t):
    found = integrate.solve_ivp(lambda s, y: -t[1] * y, (0.0, t[0]), np.array([1.0]), **TIGHT)
    return found.y[0, -1] * found.t[-1]


@program(two, backends=PLAIN)
def trajectory_that_starts_later(t):
    at = np.array([2.5, 2.0 + t[1]])
    found = integrate.solve_ivp(lambda s, y: np.cos(s) * y * t[1], (t[0], 3.0), np.array([1.0]), t_eval=at, **TIGHT)
    return np.sum(found.y * found.y)


@program(two, backends=PLAIN)
def odeint_at_times_that_move(t):
    at = np.array([t[0], 2.0, 2.0 + t[1]])
    path = integrate.odeint(lambda y, s: -t[1] * y * s, np.array([1.0, 2.0]), at, rtol=1e-11, atol=1e-12)
    return np.sum(path * np.array([1.0, 3.0]))


@program(lambda rng: (1.5, 0.8), (0, 1), PLAIN)
def another_way_where_no_root_was_found(a, b):
    found = optimize.root(lambda v: np.array([v[0] ** 2 + b * v[1] - a, v[1] ** 3 + v[0] - b]), np.array([1.0, 0.5]))
    return found.x[0] if found.success else a * b
