"""Transfer functions and normal numbers for the fused kernels, on single numbers.

Single precision uses polynomials that vectorise, with errors of a few units in the last place (the
coefficients are our own minimax fits); double precision uses the mathematical library.
"""

import math
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload
from numpy.typing import NDArray

from lowrnn.networks.kernels.compile import INNER, OUTER, ROWS
from lowrnn.networks.noise import PARITY, Noise

TANH, RELU, SOFTPLUS, IDENTITY, ERF = range(5)

#: The code under which the kernels know a nonlinearity: a constant to the compiler.
CODES = {"tanh": TANH, "relu": RELU, "softplus": SOFTPLUS, "identity": IDENTITY, "erf": ERF}

f32 = np.float32
u32 = np.uint32
_KEY = np.uint32(PARITY)
_LN2_HIGH, _LN2_LOW = f32(0.693359375), f32(-2.12194440e-4)
_INVERSE_LN2 = f32(1.44269504)


@njit(**INNER)
def _tanh32(x: Any) -> Any:
    x = min(max(x, f32(-8.4)), f32(8.4))
    s = x * x
    p = f32(1.4457769085267207e-08)
    p = p * s + f32(2.1379712409511967e-05)
    p = p * s + f32(0.0035416136318544914)
    p = p * s + f32(0.13419576524436977)
    p = p * s + f32(0.9999999894805146)
    q = f32(8.21992654393356e-07)
    q = q * s + f32(0.0003361421087392748)
    q = q * s + f32(0.02605142513292111)
    q = q * s + f32(0.4675290035144236)
    q = q * s + f32(1.0)
    return x * p / q


@njit(**INNER)
def _erf32(x: Any) -> Any:
    x = min(max(x, f32(-3.9)), f32(3.9))
    s = x * x
    p = f32(2.066462730134128e-06)
    p = p * s + f32(0.00028506340826787047)
    p = p * s + f32(0.0037384019168205905)
    p = p * s + f32(0.05266825579146819)
    p = p * s + f32(0.18966813078882178)
    p = p * s + f32(1.1283791476176561)
    q = f32(3.826997479179307e-05)
    q = q * s + f32(0.0011573896055340008)
    q = q * s + f32(0.01491438925915102)
    q = q * s + f32(0.11381949824737252)
    q = q * s + f32(0.5014217858455087)
    q = q * s + f32(1.0)
    return x * p / q


@njit(**INNER)
def _exp32(x: Any) -> Any:
    """For x <= 0; below -87 the result is a tiny positive number."""
    x = max(x, f32(-87.0))
    k = np.int32(x * _INVERSE_LN2 - f32(0.5))
    f = x - f32(k) * _LN2_HIGH - f32(k) * _LN2_LOW
    p = f32(0.00138368)
    p = p * f + f32(0.00837482)
    p = p * f + f32(0.04166823)
    p = p * f + f32(0.16666420)
    p = p * f + f32(0.49999992)
    p = p * f + f32(1.00000004)
    p = p * f + f32(1.0)
    return p * np.int32((k + 127) << 23).view(np.float32)


@njit(**INNER)
def _log1p32(z: Any) -> Any:
    """For z in [0, 1]."""
    p = f32(0.00523239)
    p = p * z + f32(-0.02950396)
    p = p * z + f32(0.0782237)
    p = p * z + f32(-0.13663037)
    p = p * z + f32(0.19105896)
    p = p * z + f32(-0.24842949)
    p = p * z + f32(0.33319092)
    p = p * z + f32(-0.49999493)
    p = p * z + f32(0.99999997)
    return p * z


@njit(**INNER)
def _log32(x: Any) -> Any:
    """For positive normal x."""
    bits = f32(x).view(np.int32)
    # The exponent k for which x / 2^k lies in [sqrt(1/2), sqrt(2)].
    k = np.int32(np.int32(bits - np.int32(0x3F3504F3)) >> np.int32(23))
    z = np.int32(bits - np.int32(k << np.int32(23))).view(np.float32) - f32(1.0)
    p = f32(0.06746638)
    p = p * z + f32(-0.11675651)
    p = p * z + f32(0.11888163)
    p = p * z + f32(-0.12405589)
    p = p * z + f32(0.14219552)
    p = p * z + f32(-0.16667996)
    p = p * z + f32(0.20002119)
    p = p * z + f32(-0.2500001)
    p = p * z + f32(0.33333313)
    p = p * z * z * z - f32(0.5) * z * z
    return (p + z) + f32(k) * _LN2_HIGH + f32(k) * _LN2_LOW


@njit(**INNER)
def _half_turn32(v: Any) -> Any:
    """sin(pi v) and cos(pi v) for v in [-1/2, 1/2]."""
    s = v * v
    p = f32(0.07765941)
    p = p * s + f32(-0.59829216)
    p = p * s + f32(2.55007766)
    p = p * s + f32(-5.16771009)
    p = p * s + f32(3.14159264)
    q = f32(0.2196968)
    q = q * s + f32(-1.33188016)
    q = q * s + f32(4.05841191)
    q = q * s + f32(-4.93479286)
    q = q * s + f32(0.99999995)
    return p * v, q


def phi(code: int, x: Any) -> Any:
    """The rate of state `x`; compiled code only."""
    raise NotImplementedError


def slope(code: int, x: Any, rate: Any) -> Any:
    """phi' at state `x`, whose rate is known; only erf needs `x`. Compiled code only."""
    raise NotImplementedError


def normal_pair(a: int, b: int, like: Any) -> Any:
    """Two standard normal numbers from two random words, in the type of `like`. Compiled only."""
    raise NotImplementedError


@overload(phi)
def _phi(code: Any, x: Any) -> Any:
    if x == types.float32:

        def implementation(code: Any, x: Any) -> Any:
            if code == TANH:
                return _tanh32(x)
            if code == RELU:
                return max(x, f32(0))
            if code == SOFTPLUS:
                return max(x, f32(0)) + _log1p32(_exp32(-abs(x)))
            if code == ERF:
                return _erf32(x)
            return x
    else:

        def implementation(code: Any, x: Any) -> Any:
            if code == TANH:
                return math.tanh(x)
            if code == RELU:
                return max(x, 0.0)
            if code == SOFTPLUS:
                return max(x, 0.0) + math.log1p(math.exp(-abs(x)))
            if code == ERF:
                return math.erf(x)
            return x

    return implementation


@overload(slope)
def _slope(code: Any, x: Any, rate: Any) -> Any:
    if rate == types.float32:

        def implementation(code: Any, x: Any, rate: Any) -> Any:
            if code == TANH:
                return f32(1) - rate * rate
            if code == RELU:
                return f32(1) if rate > f32(0) else f32(0)
            if code == SOFTPLUS:
                return f32(1) - _exp32(-rate)
            if code == ERF:
                return f32(2 / math.sqrt(math.pi)) * _exp32(-x * x)
            return f32(1)
    else:

        def implementation(code: Any, x: Any, rate: Any) -> Any:
            if code == TANH:
                return 1.0 - rate * rate
            if code == RELU:
                return 1.0 if rate > 0.0 else 0.0
            if code == SOFTPLUS:
                return -math.expm1(-rate)
            if code == ERF:
                return 2 / math.sqrt(math.pi) * math.exp(-x * x)
            return 1.0

    return implementation


@overload(normal_pair)
def _normal_pair(a: Any, b: Any, like: Any) -> Any:
    if like == types.float32:

        def implementation(a: Any, b: Any, like: Any) -> Any:
            uniform = (f32(np.int32(a >> u32(9))) + f32(0.5)) * f32(2.0**-23)
            radius = f32(math.sqrt(f32(-2) * _log32(uniform)))
            turn = f32(np.int32(b >> u32(8))) * f32(2.0**-24) - f32(0.5)
            s, c = _half_turn32(turn)
            return radius * (c * c - s * s), radius * (f32(2) * s * c)
    else:

        def implementation(a: Any, b: Any, like: Any) -> Any:
            uniform = (float(a >> u32(9)) + 0.5) * 2.0**-23
            radius = math.sqrt(-2 * math.log(uniform))
            angle = 2 * math.pi * (float(b >> u32(8)) * 2.0**-24 - 0.5)
            return radius * math.cos(angle), radius * math.sin(angle)

    return implementation


@njit(**INNER)
def _mix(a: Any, b: Any, rotation: Any) -> Any:
    a = u32(a + b)
    b = u32(u32(b << rotation) | u32(b >> u32(u32(32) - rotation)))
    return a, u32(b ^ a)


@njit(**INNER)
def threefry(key0: Any, key1: Any, counter0: Any, counter1: Any) -> Any:
    """Two words of random bits, as `lowrnn.networks.noise.threefry` defines them."""
    key2 = u32(key0 ^ key1 ^ _KEY)
    a, b = u32(counter0 + key0), u32(counter1 + key1)
    a, b = _mix(a, b, u32(13))
    a, b = _mix(a, b, u32(15))
    a, b = _mix(a, b, u32(26))
    a, b = _mix(a, b, u32(6))
    a, b = u32(a + key1), u32(b + u32(key2 + u32(1)))
    a, b = _mix(a, b, u32(17))
    a, b = _mix(a, b, u32(29))
    a, b = _mix(a, b, u32(16))
    a, b = _mix(a, b, u32(24))
    a, b = u32(a + key2), u32(b + u32(key0 + u32(2)))
    a, b = _mix(a, b, u32(13))
    a, b = _mix(a, b, u32(15))
    a, b = _mix(a, b, u32(26))
    a, b = _mix(a, b, u32(6))
    a, b = u32(a + key0), u32(b + u32(key1 + u32(3)))
    return _mix(a, b, u32(17))


@njit(**OUTER)
def _fill_keys(out: Any, low: Any, high: Any, first_trial: Any) -> None:
    for trial in range(out.shape[0]):
        out[trial] = threefry(low, high, u32(first_trial + trial), u32(0))


def trial_keys(noise: Noise, trials: int) -> NDArray[np.uint32]:
    """`noise.keys(trials)`, compiled."""
    keys = np.empty((trials, 2), u32)
    _fill_keys(keys, u32(noise.seed & 0xFFFFFFFF), u32(noise.seed >> 32), noise.first_trial)
    return keys


@njit(**ROWS)
def _fill_halves(low: Any, high: Any, key0: Any, key1: Any, step: Any) -> None:
    for i in range(high.shape[0]):
        a, b = threefry(key0, key1, u32(i), step)
        low[i], high[i] = normal_pair(a, b, low[i])


@njit(**INNER)
def fill_normal(out: Any, key0: Any, key1: Any, step: Any) -> None:
    """Write the standard normal numbers of one trial and step to `out` (neuron,)."""
    neurons = out.shape[0]
    half = (neurons + 1) // 2
    _fill_halves(out[:half], out[half:], key0, key1, step)
    if neurons % 2:
        a, b = threefry(key0, key1, u32(half - 1), step)
        out[half - 1], _ = normal_pair(a, b, out[half - 1])
