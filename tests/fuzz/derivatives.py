"""Random statements that differentiate: gradients, tangents and maps of callees, and numbers with imaginary parts."""

from __future__ import annotations

from tests.fuzz.expressions import Helper
from tests.fuzz.objects import Objects
from tests.fuzz.statements import Option


class Derivatives(Objects):
    """nested: the program asks for derivatives of its callees."""

    nested = False

    def options(self) -> list[Option]:
        deep = self.level > 3
        return [
            *super().options(),
            (6 if self.nested and not deep else 0, self.derivative),
            (2 if self.nested and not deep else 0, self.mapped),
            (6 if self.nested and not deep else 0, self.descent),
            (1, self.complex_numbers),
        ]

    def callees(self) -> list[Helper]:
        """The functions of the module that return a number."""
        return [h for h in self.helpers if h.value == () and h.name.startswith("h")]

    def derivative(self) -> bool:
        fitting = self.callees()
        if not fitting:
            return False
        h = self.rng.choice(fitting)
        args = [self.number(1) if p == () else self.array(p, 1) for p in h.params]
        k = self.rng.randrange(len(args))
        new, shape = self.fresh("a" if h.params[k] else "s"), h.params[k]
        form, last = self.rng.randrange(4), f"({', '.join(args)})"
        options = f"{h.name}, argnums={k}, backend='numpy'"
        if form == 0:
            self.line(f"{new} = srcad.grad({options}){last}")
        elif form == 1:
            s = self.fresh("s")
            self.line(f"{s}, {new} = srcad.value_and_grad({options}){last}")
            self.places[s] = ()
        elif form == 2:
            dots = ", ".join(self.number(0) if p == () else self.array(p, 0) for p in h.params)
            t = self.fresh("s")
            self.line(f"{t}, {new} = srcad.jvp({h.name}, ({', '.join(args)},), ({dots},), backend='numpy')")
            self.places[t], shape = (), ()
        else:
            self.line(f"{new} = srcad.vjp({h.name}, {', '.join(args)}, backend='numpy')[1]({self.number(0)})[{k}]")
        self.places[new] = shape
        return True

    def descent(self) -> bool:
        """Some steps along the gradient of a callee, which may have loops of its own."""
        fitting = self.callees()
        if not fitting:
            return False
        h = self.rng.choice(fitting)
        k = self.rng.randrange(len(h.params))
        shape = h.params[k]
        x, rate = self.fresh("a" if shape else "s"), self.rng.choice(("0.02", "1e-3", "-0.01"))
        self.line(f"{x} = {self.array(shape, 1) if shape else self.number(1)} * 1.0")
        others = [self.number(0) if p == () else self.array(p, 0) for p in h.params]
        args = ", ".join(x if j == k else a for j, a in enumerate(others))
        self.line(f"for {self.rng.choice(('_', '_', self.fresh('k')))} in range({self.rng.randint(1, 3)}):")
        self.level += 1
        step = f"{rate} * srcad.grad({h.name}, argnums={k}, backend='numpy')({args})"
        self.line(self.rng.choice((f"{x} = {x} - {step}", f"{x} -= {step}")))
        if self.chance(0.3):
            self.statement()
        self.level -= 1
        self.places[x] = shape
        return True

    def mapped(self) -> bool:
        fitting = [h for h in self.callees() if h.params[0] == ()]
        base = self.pick(self.of_rank(1))
        if not fitting or base is None:
            return False
        h, new = self.rng.choice(fitting), self.fresh("a")
        rest = [self.number(0) if p == () else self.array(p, 0) for p in h.params[1:]]
        inner = self.rng.choice((h.name, f"srcad.grad({h.name}, backend='numpy')"))
        axes = ", ".join(["0", *("None" for _ in rest)])
        self.line(f"{new} = srcad.vmap({inner}, ({axes},), backend='numpy')({', '.join([base, *rest])})")
        self.places[new] = self.places[base]
        return True

    # ---- complex numbers ----

    def complex_numbers(self) -> bool:
        """An array of complex numbers, changed, and what it becomes as real ones."""
        shape, z = (self.rng.choice(self.sizes),), self.fresh("z")
        one, two = self.array(shape, 1), self.array(shape, 0)
        forms = [f"{one} + 1j * {two}", f"np.exp(1j * {one}) * {two}", f"({one}) * (0.4 - 0.7j)", f"np.fft.fft({one})"]
        self.line(f"{z} = {self.rng.choice(forms)}")
        n = shape[0]
        for _ in range(self.rng.randint(0, 2)):
            k = self.index(n)
            changes = [f"{z} = {z} * {z}[::-1]", f"{z} = {z} * np.conj({self.array(shape, 0)} + 1j)"]
            if not self.pure:
                changes += [f"{z}[{k}] = {z}[{self.index(n)}] * 1j", f"{z}[{k}] *= {self.number(0)}", f"{z} += {two}"]
            self.line(self.rng.choice(changes))
        if self.chance(0.5):
            s = self.fresh("s")
            forms = [
                f"np.sum(np.abs({z}) ** 2)",
                f"abs({z}[0] + 2.5)",
                f"({z}[-1] * {z}[0]).imag",
                f"np.vdot({z}, {z}).real",
            ]
            self.line(f"{s} = {self.rng.choice(forms)}")
            self.places[s] = ()
        else:
            a = self.fresh("a")
            self.line(
                f"{a} = {self.rng.choice((f'{z}.real', f'np.imag({z})', f'np.abs({z} + 3.0)', f'np.real({z} * {z})'))}"
            )
            self.places[a] = shape
        return True
