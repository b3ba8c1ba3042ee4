"""Linear algebra, statistics, vision, robotics and chemistry, as scientists write them."""

import math

import numpy as np

from tests.literature.registry import problem


@problem(
    "S. Brin, L. Page (1998); power iteration on a damped link matrix",
    lambda rng: (rng.random((5, 5)), 0.85),
    argnums=(0, 1),
)
def pagerank(weights, damping):
    links = weights / weights.sum(axis=0)
    n = links.shape[0]
    rank = np.ones(n) / n
    for _ in range(100):
        new = damping * links @ rank + (1.0 - damping) / n
        if np.abs(new - rank).sum() < 1e-13:
            break
        rank = new
    return rank


@problem(
    "R. von Mises, H. Pollaczek-Geiringer (1929): power method and Rayleigh quotient",
    lambda rng: (rng.standard_normal((4, 4)),),
)
def rayleigh_quotient(B):
    A = B @ B.T + np.diag([4.0, 3.0, 2.0, 1.0])
    v = np.ones(4)
    for _ in range(30):
        v = A @ v
        v /= np.linalg.norm(v)
    return v @ A @ v


@problem(
    "A. S. Householder, J. ACM 5 (1958): QR by reflections, then back substitution",
    lambda rng: (rng.standard_normal((5, 3)), rng.standard_normal(5)),
    argnums=(0, 1),
)
def householder_least_squares(A, b):
    m, n = A.shape
    R = A.copy()
    y = b.copy()
    for k in range(n):
        x = R[k:, k]
        v = x.copy()
        v[0] += math.copysign(np.sqrt(x @ x), x[0])
        v = v / np.sqrt(v @ v)
        R[k:, k:] = R[k:, k:] - 2.0 * np.outer(v, v @ R[k:, k:])
        y[k:] = y[k:] - 2.0 * v * (v @ y[k:])
    x = np.zeros(n)
    for i in reversed(range(n)):
        x[i] = (y[i] - R[i, i + 1 :] @ x[i + 1 :]) / R[i, i]
    return x


@problem(
    "M. R. Hestenes, E. Stiefel, J. Res. NBS 49 (1952): conjugate gradients until the residual is small",
    lambda rng: (rng.standard_normal((5, 5)), rng.standard_normal(5)),
    argnums=(0, 1),
)
def conjugate_gradients(B, b):
    A = B @ B.T + 3.0 * np.eye(5)
    x = np.zeros_like(b)
    r = b - A @ x
    p = r
    rs = r @ r
    while np.sqrt(rs) > 1e-12:
        Ap = A @ p
        alpha = rs / (p @ Ap)
        x = x + alpha * p
        r = r - alpha * Ap
        new = r @ r
        p = r + new / rs * p
        rs = new
    return x


@problem(
    "C. Lanczos, J. Res. NBS 45 (1950): three steps, spectrum of the tridiagonal matrix",
    lambda rng: (rng.standard_normal((5, 5)), rng.standard_normal(5)),
    argnums=(0, 1),
)
def lanczos(B, start):
    A = B + B.T
    q = start / np.linalg.norm(start)
    previous = np.zeros(5)
    beta = 0.0
    T = np.zeros((3, 3))
    for k in range(3):
        w = A @ q - beta * previous
        alpha = w @ q
        w = w - alpha * q
        T[k, k] = alpha
        beta = np.linalg.norm(w)
        if k < 2:
            T[k, k + 1] = T[k + 1, k] = beta
        previous, q = q, w / beta
    return np.linalg.eigvalsh(T)


@problem(
    "M. Cuturi, NeurIPS (2013), algorithm 1: entropic transport cost",
    lambda rng: (rng.random((4, 5)), 0.3, rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(5))),
    argnums=(0, 1, 2, 3),
)
def sinkhorn(cost, epsilon, a, b):
    K = np.exp(-cost / epsilon)
    u = np.ones(a.size)
    for _ in range(30):
        v = b / (K.T @ u)
        u = a / (K @ v)
    plan = u[:, np.newaxis] * K * v[np.newaxis, :]
    return (plan * cost).sum()


@problem(
    "K. Levenberg (1944), D. W. Marquardt (1963): damped least-squares steps of an exponential fit",
    lambda rng: (np.array([1.0, 0.5]), 2.0 * np.exp(-0.7 * np.arange(6.0))),
    argnums=(0, 1),
)
def levenberg_marquardt(p, y):
    t = np.arange(6.0)
    damping = 0.1
    for _ in range(4):
        model = p[0] * np.exp(-p[1] * t)
        J = np.column_stack((np.exp(-p[1] * t), -p[0] * t * np.exp(-p[1] * t)))
        r = y - model
        H = J.T @ J
        p = p + np.linalg.solve(H + damping * np.diag(np.diag(H)), J.T @ r)
        damping *= 0.5
    return p


@problem(
    "B. Triggs et al., Bundle Adjustment (2000); D. C. Brown's radial distortion: one reprojection",
    lambda rng: (
        0.2 * rng.standard_normal(3),
        np.array([0.1, -0.2, 5.0]),
        1.2,
        np.array([0.05, -0.01]),
        rng.standard_normal((4, 3)),
        rng.standard_normal((4, 2)),
    ),
    argnums=(0, 1, 2, 3, 4),
)
def bundle_adjustment(rotation, translation, focal, radial, points, observed):
    theta = np.sqrt(rotation @ rotation)
    axis = rotation / theta
    error = 0.0
    for X, u in zip(points, observed):
        across = np.array(
            [axis[1] * X[2] - axis[2] * X[1], axis[2] * X[0] - axis[0] * X[2], axis[0] * X[1] - axis[1] * X[0]]
        )
        rotated = X * np.cos(theta) + across * np.sin(theta) + axis * (axis @ X) * (1.0 - np.cos(theta))
        p = rotated + translation
        x, y = p[0] / p[2], p[1] / p[2]
        r2 = x * x + y * y
        scale = focal * (1.0 + radial[0] * r2 + radial[1] * r2 * r2)
        error += (scale * x - u[0]) ** 2 + (scale * y - u[1]) ** 2
    return error


@problem(
    "J. Denavit, R. S. Hartenberg (1955): forward kinematics by a chain of transforms",
    lambda rng: (rng.uniform(-1, 1, 4), np.array([0.5, 0.4, 0.3, 0.1])),
    argnums=(0, 1),
)
def robot_arm(angles, lengths):
    T = np.eye(4)
    alphas = np.array([np.pi / 2, 0.0, -np.pi / 2, 0.0])
    for theta, a, alpha in zip(angles, lengths, alphas):
        ct, st = np.cos(theta), np.sin(theta)
        ca, sa = np.cos(alpha), np.sin(alpha)
        T = T @ np.array(
            [
                [ct, -st * ca, st * sa, a * ct],
                [st, ct * ca, -ct * sa, a * st],
                [0.0, sa, ca, 0.1],
                [0.0, 0.0, 0.0, 1.0],
            ]
        )
    target = np.array([0.6, 0.2, 0.5])
    return np.sum((T[:3, 3] - target) ** 2)


@problem(
    "P. J. Besl, N. D. McKay, IEEE PAMI 14 (1992); rotation of K. S. Arun et al. (1987) by SVD",
    lambda rng: (rng.standard_normal((6, 3)), rng.standard_normal((6, 3))),
    argnums=(0, 1),
)
def rigid_registration(source, target):
    a = source - source.mean(axis=0)
    b = target - target.mean(axis=0)
    u, s, vt = np.linalg.svd(a.T @ b)
    rotation = vt.T @ u.T
    return np.sum((a @ rotation.T - b) ** 2)


@problem(
    "J. C. Hart, The Visual Computer 12 (1996): sphere tracing to a signed distance",
    lambda rng: (np.array([0.1, 0.05, 0.0]), 0.8),
    argnums=(0, 1),
)
def sphere_tracing(centre, radius):
    direction = np.array([0.1, 0.05, 1.0])
    direction = direction / np.linalg.norm(direction)
    origin = np.array([0.0, 0.0, -3.0])
    t = 0.0
    for _ in range(60):
        p = origin + t * direction
        distance = np.linalg.norm(p - centre) - radius
        t += distance
        if distance < 1e-13:
            break
    normal = (origin + t * direction - centre) / radius
    light = np.array([0.5, 0.5, -0.7])
    return max(normal @ light, 0.0)


@problem(
    "P. Bézier (1968), de Casteljau's algorithm; arc length by quadrature of C. F. Gauss (1814)",
    lambda rng: (rng.standard_normal((4, 2)),),
)
def bezier_length(control):
    nodes, weights = np.polynomial.legendre.leggauss(6)
    length = 0.0
    for x, w in zip(nodes, weights):
        t = 0.5 * (x + 1.0)
        points = 3.0 * (control[1:] - control[:-1])
        while len(points) > 1:
            points = (1.0 - t) * points[:-1] + t * points[1:]
        length += 0.5 * w * np.sqrt(points[0, 0] ** 2 + points[0, 1] ** 2)
    return length


@problem(
    "I. J. Schoenberg (1946): natural cubic spline through points, Press et al., Numerical Recipes, 3.3",
    lambda rng: (np.sort(rng.random(6)), rng.standard_normal(6), 0.5),
    argnums=(0, 1),
)
def natural_spline(x, y, at):
    x = np.arange(6.0) / 5.0 + 0.05 * x
    n = len(x)
    A = np.eye(n)
    d = np.zeros(n)
    for i in range(1, n - 1):
        A[i, i - 1] = (x[i] - x[i - 1]) / 6.0
        A[i, i] = (x[i + 1] - x[i - 1]) / 3.0
        A[i, i + 1] = (x[i + 1] - x[i]) / 6.0
        d[i] = (y[i + 1] - y[i]) / (x[i + 1] - x[i]) - (y[i] - y[i - 1]) / (x[i] - x[i - 1])
    m = np.linalg.solve(A, d)
    k = np.searchsorted(x, at)
    h = x[k] - x[k - 1]
    a, b = (x[k] - at) / h, (at - x[k - 1]) / h
    return a * y[k - 1] + b * y[k] + ((a**3 - a) * m[k - 1] + (b**3 - b) * m[k]) * h * h / 6.0


@problem(
    "D. R. Cox, J. R. Statist. Soc. B 34 (1972): partial likelihood, Breslow's ties",
    lambda rng: (rng.standard_normal(3), rng.standard_normal((8, 3)), rng.random(8), rng.integers(0, 2, 8)),
    argnums=(0,),
)
def cox_partial_likelihood(beta, X, times, events):
    eta = X @ beta
    order = np.argsort(-times)
    loglik = 0.0
    risk = 0.0
    for i in order:
        risk += np.exp(eta[i])
        if events[i] == 1:
            loglik += eta[i] - np.log(risk)
    return loglik


@problem(
    "W. Weibull, J. Appl. Mech. 18 (1951): censored likelihood",
    lambda rng: (1.5, 2.0, 0.5 + rng.random(7), rng.integers(0, 2, 7)),
    argnums=(0, 1),
)
def weibull_censored(shape, scale, times, observed):
    z = times / scale
    hazard = np.log(shape / scale) + (shape - 1.0) * np.log(z)
    return np.sum(observed * hazard - z**shape)


@problem(
    "P. McCullagh, J. A. Nelder, Generalized Linear Models (1989): Poisson regression by two IRLS steps",
    lambda rng: (0.1 * rng.standard_normal(2), rng.standard_normal((7, 2)), rng.poisson(2.0, 7).astype(float)),
    argnums=(0, 1, 2),
)
def poisson_irls(beta, X, y):
    for _ in range(2):
        mu = np.exp(X @ beta)
        z = X @ beta + (y - mu) / mu
        beta = np.linalg.solve((X.T * mu) @ X, (X.T * mu) @ z)
    return np.sum(y * (X @ beta) - np.exp(X @ beta))


@problem(
    "R. A. Bradley, M. E. Terry, Biometrika 39 (1952)", lambda rng: (rng.standard_normal(4), rng.integers(0, 9, (4, 4)))
)
def bradley_terry(strength, wins):
    loglik = 0.0
    for i in range(len(strength)):
        for j in range(len(strength)):
            if i != j:
                loglik += wins[i, j] * (strength[i] - np.log(np.exp(strength[i]) + np.exp(strength[j])))
    return loglik


@problem(
    "A. Birnbaum (1968), three-parameter logistic item response model",
    lambda rng: (
        rng.standard_normal(5),
        0.5 + rng.random(4),
        rng.standard_normal(4),
        0.1 + 0.1 * rng.random(4),
        rng.integers(0, 2, (5, 4)),
    ),
    argnums=(0, 1, 2, 3),
)
def item_response(ability, discrimination, difficulty, guessing, answers):
    p = guessing + (1.0 - guessing) / (1.0 + np.exp(-discrimination * (ability[:, None] - difficulty)))
    return np.where(answers == 1, np.log(p), np.log1p(-p)).sum()


@problem(
    "D. M. Blei, A. Y. Ng, M. I. Jordan, JMLR 3 (2003): document likelihood of topics, by log-gamma",
    lambda rng: (0.5 + rng.random(3), 1.0 + rng.integers(0, 5, (4, 3))),
    argnums=(0, 1),
)
def dirichlet_multinomial(alpha, counts):
    total = 0.0
    for row in counts:
        total += math.lgamma(np.sum(alpha)) - math.lgamma(np.sum(alpha) + np.sum(row))
        for a, n in zip(alpha, row):
            total += math.lgamma(a + n) - math.lgamma(a)
    return total


@problem(
    "A. Gelman et al., Bayesian Data Analysis (2003), 5.5: eight schools, non-centred",
    lambda rng: (1.0, 0.5, rng.standard_normal(8)),
    argnums=(0, 1, 2),
)
def eight_schools(mu, log_tau, eta):
    y = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
    sigma = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])
    tau = np.exp(log_tau)
    theta = mu + tau * eta
    log_likelihood = -0.5 * np.sum(((y - theta) / sigma) ** 2)
    log_prior = -0.5 * mu**2 / 25.0 - np.log1p((tau / 5.0) ** 2) + log_tau - 0.5 * np.sum(eta**2)
    return log_likelihood + log_prior


@problem(
    "R. M. Neal, Annals of Statistics 31 (2003): funnel; Stan reference, log-density in a loop",
    lambda rng: (0.5, rng.standard_normal(6)),
    argnums=(0, 1),
)
def neals_funnel(v, x):
    log_density = -0.5 * (v / 3.0) ** 2 - math.log(3.0)
    for xi in x:
        log_density += -0.5 * xi**2 * math.exp(-v) - 0.5 * v
    return log_density


@problem(
    "A. Szabo, N. S. Ostlund, Modern Quantum Chemistry (1989), 3.5: restricted Hartree-Fock for HeH+, s Gaussians",
    lambda rng: (1.4632, 2.0925, 1.24),
    argnums=(0, 1, 2),
    backends=("numpy",),
)
def hartree_fock(distance, zeta1, zeta2):
    exponents = np.array([0.109818, 0.405771, 2.22766])
    coefficients = np.array([0.444635, 0.535328, 0.154329])
    charges = [2.0, 1.0]
    centers = [0.0, distance]

    def f0(t):
        return 1.0 - t / 3.0 if t < 1e-6 else 0.5 * math.sqrt(math.pi / t) * math.erf(math.sqrt(t))

    basis = []
    for zeta, center in zip((zeta1, zeta2), centers):
        alpha = exponents * zeta**2
        basis.append((alpha, coefficients * (2.0 * alpha / math.pi) ** 0.75, center))
    S = np.zeros((2, 2))
    H = np.zeros((2, 2))
    G = np.zeros((2, 2, 2, 2))
    for i in range(2):
        for j in range(2):
            ai, ci, ri = basis[i]
            aj, cj, rj = basis[j]
            for a, ca in zip(ai, ci):
                for b, cb in zip(aj, cj):
                    p = a + b
                    r2 = (ri - rj) ** 2
                    rp = (a * ri + b * rj) / p
                    s = ca * cb * (math.pi / p) ** 1.5 * math.exp(-a * b / p * r2)
                    S[i, j] += s
                    H[i, j] += s * a * b / p * (3.0 - 2.0 * a * b / p * r2)
                    for z, rc in zip(charges, centers):
                        H[i, j] -= z * s * 2.0 * math.sqrt(p / math.pi) * f0(p * (rp - rc) ** 2)
                    for k in range(2):
                        for m in range(2):
                            ak, ck, rk = basis[k]
                            am, cm, rm = basis[m]
                            for c, cc in zip(ak, ck):
                                for d, cd in zip(am, cm):
                                    q = c + d
                                    rq = (c * rk + d * rm) / q
                                    t = cc * cd * (math.pi / q) ** 1.5 * math.exp(-c * d / q * (rk - rm) ** 2)
                                    reduced = p * q / (p + q)
                                    G[i, j, k, m] += (
                                        s * t * 2.0 * math.sqrt(reduced / math.pi) * f0(reduced * (rp - rq) ** 2)
                                    )
    w, v = np.linalg.eigh(S)
    X = v @ np.diag(w**-0.5) @ v.T
    P = np.zeros((2, 2))
    energy = 0.0
    for _ in range(25):
        J = np.einsum("kl,ijkl->ij", P, G)
        K = np.einsum("kl,ilkj->ij", P, G)
        F = H + J - 0.5 * K
        energy = 0.5 * np.sum(P * (H + F))
        _, c = np.linalg.eigh(X.T @ F @ X)
        C = X @ c
        P = 2.0 * np.outer(C[:, 0], C[:, 0])
    return energy + charges[0] * charges[1] / distance


@problem(
    "P. M. Morse, Phys. Rev. 34 (1929): vibrational ground state by a finite-difference Hamiltonian",
    lambda rng: (5.0, 1.0, 0.2),
    argnums=(0, 1, 2),
)
def morse_ground_state(depth, width, shift):
    n = 20
    x = np.linspace(-1.5, 4.0, n)
    h = x[1] - x[0]
    V = depth * (1.0 - np.exp(-width * (x - shift))) ** 2
    H = np.diag(1.0 / h**2 + V) - 0.5 / h**2 * (np.eye(n, k=1) + np.eye(n, k=-1))
    return np.linalg.eigvalsh(H)[0]


@problem(
    "F. H. Stillinger, T. A. Weber, Phys. Rev. B 31 (1985), eqs. 2.3-2.6: three-body silicon",
    lambda rng: (
        np.array([[0, 0, 0], [1.1, 0, 0], [0, 1.2, 0.1], [0.2, 0.1, 1.15]]) + 0.01 * rng.standard_normal((4, 3)),
    ),
)
def stillinger_weber(x):
    A, B, p, cut, lam, gamma = 7.049556277, 0.6022245584, 4, 1.8, 21.0, 1.2
    energy = 0.0
    n = x.shape[0]
    for i in range(n):
        for j in range(i + 1, n):
            r = np.linalg.norm(x[i] - x[j])
            if r < cut:
                energy += A * (B * r**-p - 1.0) * np.exp(1.0 / (r - cut))
    for i in range(n):
        for j in range(n):
            for k in range(j + 1, n):
                if i != j and i != k:
                    rij, rik = x[j] - x[i], x[k] - x[i]
                    dij, dik = np.linalg.norm(rij), np.linalg.norm(rik)
                    if dij < cut and dik < cut:
                        cosine = rij @ rik / (dij * dik)
                        energy += lam * np.exp(gamma / (dij - cut) + gamma / (dik - cut)) * (cosine + 1.0 / 3.0) ** 2
    return energy


@problem(
    "L. Michaelis, M. Menten (1913); G. Briggs, J. Haldane (1925): progress curve by implicit Newton steps",
    lambda rng: (1.2, 0.5, 2.0),
    argnums=(0, 1, 2),
)
def michaelis_menten(vmax, km, s0):
    s = s0
    dt = 0.2
    total = 0.0
    for _ in range(10):
        new = s
        for _ in range(8):
            g = new - s + dt * vmax * new / (km + new)
            dg = 1.0 + dt * vmax * km / (km + new) ** 2
            new = new - g / dg
        s = new
        total += s * dt
    return total


@problem(
    "D. Peng, D. B. Robinson, Ind. Eng. Chem. Fundam. 15 (1976): compressibility as a root of the cubic",
    lambda rng: (300.0, 5.0, 304.2, 7.38, 0.225),
    argnums=(0, 1, 2, 3, 4),
)
def peng_robinson(T, p, Tc, pc, omega):
    kappa = 0.37464 + 1.54226 * omega - 0.26992 * omega**2
    alpha = (1.0 + kappa * (1.0 - math.sqrt(T / Tc))) ** 2
    A = 0.45724 * alpha * (p / pc) / (T / Tc) ** 2
    B = 0.07780 * (p / pc) / (T / Tc)
    z = 1.0
    for _ in range(50):
        f = z**3 - (1.0 - B) * z**2 + (A - 2.0 * B - 3.0 * B**2) * z - (A * B - B**2 - B**3)
        df = 3.0 * z**2 - 2.0 * (1.0 - B) * z + (A - 2.0 * B - 3.0 * B**2)
        z -= f / df
    return (
        z
        - 1.0
        - math.log(z - B)
        - A / (2.0 * math.sqrt(2.0) * B) * math.log((z + (1.0 + math.sqrt(2.0)) * B) / (z + (1.0 - math.sqrt(2.0)) * B))
    )


@problem(
    "J. J. Hopfield, PNAS 79 (1982); continuous form of H. Ramsauer et al., ICLR (2021), eq. 3",
    lambda rng: (rng.standard_normal((4, 6)), rng.standard_normal(6), 1.5),
    argnums=(0, 1, 2),
)
def modern_hopfield(patterns, state, beta):
    for _ in range(5):
        scores = beta * patterns @ state
        weights = np.exp(scores - np.max(scores))
        state = weights / np.sum(weights) @ patterns
    return -np.log(np.sum(np.exp(beta * patterns @ state))) / beta + 0.5 * state @ state


@problem(
    "J. Pearl (1982): sum-product messages on a chain of binary variables, Bishop, PRML, 8.4.4",
    lambda rng: (rng.standard_normal((4, 2)), rng.standard_normal((3, 2, 2))),
    argnums=(0, 1),
)
def belief_propagation(unary, pairwise):
    psi = np.exp(unary)
    forward = np.ones((4, 2))
    backward = np.ones((4, 2))
    for i in range(1, 4):
        forward[i] = np.exp(pairwise[i - 1]).T @ (psi[i - 1] * forward[i - 1])
    for i in range(2, -1, -1):
        backward[i] = np.exp(pairwise[i]) @ (psi[i + 1] * backward[i + 1])
    belief = psi * forward * backward
    return belief / belief.sum(axis=1, keepdims=True)
