"""Objects in lists, dicts, tuples and other objects: their numbers are inputs, their functions part of the program."""

import numpy as np

from tests.programs.registry import program


class Layer:
    def __init__(self, gain, shift, act):
        self.gain, self.shift, self.act = gain, shift, act
        self.options = {"power": 2, "scale": 1.5}

    def __call__(self, x):
        return self.act(self.gain * x + self.shift)

    def penalty(self):
        return self.options["scale"] * self.gain ** self.options["power"]

    @property
    def total(self):
        return self.gain + self.shift


class Wide(Layer):
    def __call__(self, x):
        return super().__call__(x) + self.total * x


class Model:
    def __init__(self):
        self.layers = [Layer(0.5, 0.1, np.sin), Wide(1.5, -0.2, np.tanh), Layer(-0.7, 0.3, np.cos)]
        self.heads = {"mean": Layer(2.0, 0.0, np.exp), "last": (Layer(0.3, 0.4, np.sin), 1.25)}
        self.depth = 2

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def loss(self, x):
        y = self(x)
        for layer in self.layers[: self.depth]:
            y = y * layer.total
        head, weight = self.heads["last"]
        return np.sum(self.heads["mean"](y)) + weight * np.sum(head(y)) + sum(p.penalty() for p in self.layers)


model = Model()
pair = (Layer(0.4, 0.2, np.sin), Layer(1.4, -0.1, np.cos))


def vector(rng):
    return (rng.normal(size=4),)


@program(vector)
def layers_in_a_list(x):
    return model.loss(x)


@program(lambda rng: (rng.normal(size=4), Model()))
def a_model_that_is_given(x, net):
    return net.loss(x) * net.layers[1].gain


@program(
    lambda rng: (rng.normal(size=4), [Layer(0.5, 0.1, np.sin), Layer(1.5, 0.2, np.cos)], {"a": Wide(0.3, 0.4, np.sin)})
)
def given_in_containers(x, layers, named):
    y = x
    for k, layer in enumerate(reversed(layers)):
        y = layer(y) * (k + layer.gain)
    return np.sum(named["a"](y)) * named["a"].total


@program(vector)
def the_ones_of_a_class(x):
    chosen = [layer for layer in model.layers if isinstance(layer, Wide)] + model.layers[2:]
    return np.sum(chosen[0](x)) + chosen[1].total * np.sum(model.layers[-1](x))


@program(lambda rng: (rng.normal(size=4), 3))
def steps_of_a_pair(x, n):
    s = 0.0
    for k in range(n):
        for layer in pair:
            x = layer(x) + 0.1 * k
        s = s + np.sum(x * pair[0].gain)
    return s


@program(lambda rng: (0.7, [Layer(0.5, 0.1, np.sin), Layer(0.5, 0.7, np.sin)]))
def one_twice(x, layers):
    both = [layers[0], layers[1], layers[0]]
    for layer in both:
        x = layer(x) * layer.shift
    return x


class Gains:
    def __init__(self):
        self.gain, self.shift = 0.5, -0.2

    def attributes_as_a_dict(self, x):
        total = sum(value for value in self.__dict__.values())
        if "more" in self.__dict__:
            return np.sum(x)
        return _scaled(x, **self.__dict__) * total + self.__dict__["gain"] * x[0]


def _scaled(x, gain, shift):
    return np.sum(np.sin(gain * x + shift))


program(lambda rng: (rng.normal(size=4),))(Gains().attributes_as_a_dict)
