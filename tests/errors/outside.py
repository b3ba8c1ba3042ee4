"""Numbers that leave the program, through text, files, bits or foreign code, and come back."""

import ctypes
import json
import struct
import subprocess
import threading
import time
import zlib

import numpy as np

from tests.errors.registry import refused


def number():
    return (1.5,)


def vector():
    return (np.array([0.5, -1.0, 2.0]),)


@refused(number)
def number_through_text(x):
    y = float(f"{x:.12f}")
    return y * y


@refused(number)
def number_through_str(x):
    return float(str(x)) * x


@refused(number)
def number_through_json(x):
    y = json.loads(json.dumps(x))
    return y * y


@refused(number)
def number_through_bytes(x):
    (y,) = struct.unpack("d", struct.pack("d", x))
    return y * y


@refused(vector)
def bits_reinterpreted(x):
    bits = x.view(np.int64)
    return np.sum(bits) * x[0]


@refused(vector)
def bytes_of_an_array(x):
    y = np.frombuffer(x.tobytes())
    return np.sum(y * y)


@refused(vector)
def address_of_an_array(x):
    p = ctypes.cast(x.ctypes.data, ctypes.POINTER(ctypes.c_double))
    return p[0] * x[1]


@refused(number)
def file_read(x):
    with open("rates.txt") as f:
        rate = float(f.read())
    return rate * x


@refused(number)
def file_written_and_read(x):
    np.savetxt("value.txt", [x])
    return np.loadtxt("value.txt") * x


@refused(number)
def keyboard_input(x):
    return float(input("factor: ")) * x


@refused(number)
def clock_read(x):
    return x * time.perf_counter()


@refused(vector)
def thread_that_computes(x):
    y = np.zeros(3)
    t = threading.Thread(target=np.multiply, args=(x, x, y))
    t.start()
    t.join()
    return np.sum(y)


@refused(number)
def another_process(x):
    out = subprocess.run(["echo", str(x)], capture_output=True, text=True)
    return float(out.stdout) * x


@refused(vector)
def unknown_library_function(x):
    return zlib.crc32(x) * np.sum(x)


@refused(vector)
def ufunc_made_from_python(x):
    f = np.frompyfunc(lambda t: t * t, 1, 1)
    return np.sum(f(x)) * x[0]


def _without_text():
    names = {}
    exec("def f(x):\n    return x * x\n", names)
    return names["f"]


refused(number, name="function_without_text")(_without_text())
refused(number, name="builtin_function")(len)
