"""Low-level helpers of the Numba kernels: BLAS products of blocks of flat arrays, and arrays at an address.

`np.dot` in Numba takes whole contiguous matrices and cannot add to its result. `sgemm` takes blocks and can add. The
`sgemm` here is torch's own (MKL on most machines), else SciPy's.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import llvmlite.binding
import torch
from llvmlite import ir
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic
from numpy import float32
from threadpoolctl import ThreadpoolController

SYMBOL = "valp_sgemm"
FLOATS = types.CPointer(types.float32)
INTEGERS = types.CPointer(types.int64)
PLAIN, TRANSPOSED = ord("n"), ord("t")


def _sgemm() -> tuple[int, bool]:
    """The address of a Fortran sgemm with 32-bit integers, and whether it is torch's."""
    try:
        address = ctypes.cast(ctypes.CDLL(torch._C.__file__).sgemm_, ctypes.c_void_p).value
    except (AttributeError, OSError):  # a build of torch that does not export it
        address = None
    return (address, True) if address else (get_cython_function_address("scipy.linalg.cython_blas", "sgemm"), False)


_ADDRESS, _OF_TORCH = _sgemm()
llvmlite.binding.add_symbol(SYMBOL, _ADDRESS)


@contextmanager
def one_thread() -> Iterator[None]:
    """Limits BLAS to one thread inside the block, because the products are too small to split."""
    if not _OF_TORCH:
        with _libraries().limit(limits=1, user_api="blas"):
            yield
        return
    threads = torch.get_num_threads()
    if threads > 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if threads > 1:
            torch.set_num_threads(threads)


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


@intrinsic
def _multiply(typing_context, turn_a, turn_b, m, n, k, a, lda, b, ldb, beta, c, ldc):  # noqa: ARG001
    """c = op(a) · op(b) + beta · c, all column-major; a, b and c are addresses."""

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        turn_a, turn_b, m, n, k, a, lda, b, ldb, beta, c, ldc = arguments

        def stored(value, bits):
            value = builder.trunc(value, ir.IntType(bits)) if bits else value
            return builder.bitcast(cgutils.alloca_once_value(builder, value), cgutils.voidptr_t)

        def address(pointer):
            return builder.bitcast(pointer, cgutils.voidptr_t)

        one = stored(ir.Constant(ir.FloatType(), 1.0), 0)
        passed = [
            stored(turn_a, 8), stored(turn_b, 8), stored(m, 32), stored(n, 32), stored(k, 32), one, address(a),
            stored(lda, 32), address(b), stored(ldb, 32), stored(beta, 0), address(c), stored(ldc, 32),
        ]  # fmt: skip
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t] * len(passed))
        builder.call(cgutils.get_or_insert_function(builder.module, kind, SYMBOL), passed)
        return context.get_dummy_value()

    size = types.int64
    given = (size, size, size, size, size, FLOATS, size, FLOATS, size, types.float32, FLOATS, size)
    return types.void(*given), generate


@intrinsic
def _place(typing_context, values, offset):  # noqa: ARG001
    """The address of values[offset]."""

    def generate(context, builder, signature, arguments):
        struct = context.make_array(signature.args[0])(context, builder, arguments[0])
        return cgutils.gep_inbounds(builder, struct.data, arguments[1])

    return FLOATS(values, types.intp), generate


def _pointer(kind):
    @intrinsic
    def pointer(typing_context, address):  # noqa: ARG001
        def generate(context, builder, signature, arguments):  # noqa: ARG001
            return builder.inttoptr(arguments[0], context.get_value_type(kind))

        return kind(types.int64), generate

    return pointer


_floats, _integers = _pointer(FLOATS), _pointer(INTEGERS)


@njit
def floats(address, count):
    """The `count` float32 numbers at an address."""
    return carray(_floats(address), (count,))


@njit
def integers(address, count):
    """The `count` int64 numbers at an address."""
    return carray(_integers(address), (count,))


@njit
def forward_product(rows, outputs, inputs, x, x_at, x_stride, w, w_at, y, y_at):
    """y += x · wᵀ, with x (rows, inputs) of row stride `x_stride`, w (outputs, inputs) and y (rows, outputs)."""
    _multiply(TRANSPOSED, PLAIN, outputs, rows, inputs, _place(w, w_at), inputs, _place(x, x_at), x_stride,
              float32(1), _place(y, y_at), outputs)  # fmt: skip


@njit
def weight_product(rows, outputs, inputs, g, g_at, x, x_at, x_stride, w, w_at):
    """w = gᵀ · x, with g (rows, outputs), x (rows, inputs) of row stride `x_stride` and w (outputs, inputs)."""
    _multiply(PLAIN, TRANSPOSED, inputs, outputs, rows, _place(x, x_at), x_stride, _place(g, g_at), outputs,
              float32(0), _place(w, w_at), inputs)  # fmt: skip


@njit
def source_product(rows, outputs, some, inputs, g, g_at, w, w_at, x, x_at, x_stride, added):
    """x = g · w, or x += g · w if `added`.

    g is (rows, outputs), w is `some` columns of an (outputs, inputs) matrix, x is (rows, some) of row stride
    `x_stride`.
    """
    _multiply(PLAIN, PLAIN, some, rows, outputs, _place(w, w_at), inputs, _place(g, g_at), outputs,
              float32(added), _place(x, x_at), x_stride)  # fmt: skip
