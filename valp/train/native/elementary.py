"""Exponential functions that Numba can vectorise: polynomials without branches. A scalar `exp` costs about 20 ns.

All work in float32 with a relative error below 1e-6. They are compiled without reassociation, which would undo the
two-part ln 2.
"""

from numba import njit, types
from numba.extending import intrinsic
from numpy import float32, floor, int32

LOG2_E = float32(1.44269504088896341)
LN_2_HIGH = float32(0.693359375)  # few enough bits that n · LN_2_HIGH is exact
LN_2_LOW = float32(-2.12194440e-4)
MOST = float32(88.3)
LEAST = float32(-87.3)
ZERO, HALF, ONE, TWO, INFINITY = float32(0), float32(0.5), float32(1), float32(2), float32("inf")
SATURATED = float32(15)
"""tanh(x) is 1 for x from this value on."""

E2, E3, E4, E5, E6, E7 = (float32(1 / n) for n in (2, 6, 24, 120, 720, 5040))
L3, L5, L7, L9, L11, L13, L15 = (float32(1 / n) for n in (3, 5, 7, 9, 11, 13, 15))

CONTRACT = frozenset({"contract"})
inlined = njit(error_model="numpy", fastmath=set(CONTRACT))


@intrinsic
def _float_of_bits(typing_context, bits):  # noqa: ARG001
    def generate(context, builder, signature, arguments):  # noqa: ARG001
        return builder.bitcast(arguments[0], context.get_value_type(types.float32))

    return types.float32(types.int32), generate


@inlined
def _reduced(x):
    """2ⁿ and eʳ − 1, where x = n ln 2 + r and |r| ≤ ln 2 / 2."""
    n = floor(x * LOG2_E + HALF)
    r = (x - n * LN_2_HIGH) - n * LN_2_LOW
    power = _float_of_bits(int32((int32(n) + int32(127)) << int32(23)))
    tail = E2 + r * (E3 + r * (E4 + r * (E5 + r * (E6 + r * E7))))
    return power, r + r * r * tail


@inlined
def exp(x):
    """eˣ; infinite above 88.3, and e^−87.3 below −87.3."""
    least = LEAST if x < LEAST else x
    power, tail = _reduced(MOST if least > MOST else least)
    return INFINITY if x > MOST else power + power * tail


@inlined
def expm1(x):
    """eˣ − 1; infinite above 88.3, so that a KL divergence that torch cannot compute is not finite here either."""
    least = LEAST if x < LEAST else x
    power, tail = _reduced(MOST if least > MOST else least)
    return INFINITY if x > MOST else power * tail + (power - ONE)


@inlined
def log1p(x):
    """log(1 + x) for x in [0, 1]: 2 artanh(x / (2 + x))."""
    s = x / (TWO + x)
    q = s * s
    return TWO * s * (ONE + q * (L3 + q * (L5 + q * (L7 + q * (L9 + q * (L11 + q * (L13 + q * L15)))))))


@inlined
def sigmoid(x):
    """1 / (1 + e⁻ˣ)."""
    return ONE / (ONE + exp(-x))


@inlined
def tanh(x):
    """(e²ˣ − 1) / (e²ˣ + 1)."""
    e = expm1(TWO * (SATURATED if x > SATURATED else x))
    return e / (e + TWO)


@inlined
def softplus(x):
    """log(1 + eˣ)."""
    return (x if x > ZERO else ZERO) + log1p(exp(-abs(x)))
