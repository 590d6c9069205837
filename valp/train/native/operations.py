"""The operations of a plan, forward and backward, over flat float32 arrays.

A unit of `size` variables is stored from an offset on as (batch, size), row by row. Consecutive rows start `stride`
numbers apart.
"""

from numba import njit
from numpy import float32, int64, sqrt

from valp.train.native import codes
from valp.train.native.elementary import ONE, TWO, ZERO, exp, expm1, sigmoid, softplus, tanh
from valp.train.native.memory import forward_product, source_product, weight_product

kernel = njit(error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})


@kernel
def gather(data, rows, size, values, out):
    """Copies rows of the data into a buffer."""
    for r in range(len(rows)):
        row, target = data[rows[r] * size :][:size], values[out + r * size :][:size]
        for j in range(size):
            target[j] = row[j]


@kernel
def gather_selected(data, rows, width, indices, values, out):
    """Copies selected variables of rows of the data into a buffer."""
    size = len(indices)
    for r in range(len(rows)):
        row, target = data[rows[r] * width : (rows[r] + 1) * width], values[out + r * size : out + (r + 1) * size]
        for j in range(size):
            target[j] = row[indices[j]]


@kernel
def select(batch, x, source, stride, indices, y, out):
    """Copies selected variables of a unit."""
    size = len(indices)
    for r in range(batch):
        row, target = x[source + r * stride : source + (r + 1) * stride], y[out + r * size : out + (r + 1) * size]
        for j in range(size):
            target[j] = row[indices[j]]


@kernel
def select_back(batch, x, source, stride, indices, y, out):
    """Adds the gradients of the selected variables, y, to those of the unit, x."""
    size = len(indices)
    for r in range(batch):
        row, given = x[source + r * stride : source + (r + 1) * stride], y[out + r * size : out + (r + 1) * size]
        for j in range(size):
            row[indices[j]] += given[j]


@kernel
def add(batch, size, x, source, stride, y, out, out_stride, factor, added):
    """y = factor · x, or y += factor · x if `added`."""
    for r in range(batch):
        given, target = x[source + r * stride :][:size], y[out + r * out_stride :][:size]
        if added:
            for j in range(size):
                target[j] += given[j] * factor
        else:
            for j in range(size):
                target[j] = given[j] * factor


@kernel
def affine(batch, x, source, stride, inputs, w, weight, bias, y, out, outputs, activation):
    """y = activation(x · wᵀ + b)."""
    b = w[bias : bias + outputs]
    for r in range(batch):
        target = y[out + r * outputs :][:outputs]
        for j in range(outputs):
            target[j] = b[j]
    forward_product(batch, outputs, inputs, x, source, stride, w, weight, y, out)
    activate(y[out : out + batch * outputs], activation)


@kernel
def activate(y, activation):
    """Applies the activation in place."""
    if activation == codes.RELU:
        for i in range(len(y)):
            y[i] = ZERO if y[i] < ZERO else y[i]
    elif activation == codes.ELU:
        for i in range(len(y)):
            e = expm1(ZERO if y[i] > ZERO else y[i])
            y[i] = y[i] if y[i] > ZERO else e
    elif activation == codes.SOFTPLUS:
        for i in range(len(y)):
            y[i] = softplus(y[i])
    elif activation == codes.SOFTSIGN:
        for i in range(len(y)):
            y[i] = y[i] / (ONE + abs(y[i]))
    elif activation == codes.SIGMOID:
        for i in range(len(y)):
            y[i] = sigmoid(y[i])
    elif activation == codes.TANH:
        for i in range(len(y)):
            y[i] = tanh(y[i])


@kernel
def activate_back(y, g, activation):
    """Turns the gradient after the activation into the one before it, in place; y is the activation's result."""
    if activation == codes.RELU:
        for i in range(len(y)):
            g[i] = g[i] if y[i] > ZERO else ZERO
    elif activation == codes.ELU:
        for i in range(len(y)):
            g[i] *= ONE if y[i] > ZERO else y[i] + ONE
    elif activation == codes.SOFTPLUS:
        for i in range(len(y)):
            g[i] *= -expm1(-y[i])
    elif activation == codes.SOFTSIGN:
        for i in range(len(y)):
            s = ONE - abs(y[i])
            g[i] *= s * s
    elif activation == codes.SIGMOID:
        for i in range(len(y)):
            g[i] *= y[i] * (ONE - y[i])
    elif activation == codes.TANH:
        for i in range(len(y)):
            g[i] *= ONE - y[i] * y[i]


@kernel
def affine_back(
    batch, x, gx, source, stride, inputs, low, high, added, w, gw, weight, bias, shift, y, gy, out, outputs, code
):
    """Computes the gradients of w, of b, and of columns [low, high) of x."""
    count = batch * outputs
    activate_back(y[out : out + count], gy[out : out + count], code)
    gb = gw[bias + shift : bias + shift + outputs]
    gb[:] = ZERO
    for r in range(batch):
        g = gy[out + r * outputs : out + (r + 1) * outputs]
        for j in range(outputs):
            gb[j] += g[j]
    weight_product(batch, outputs, inputs, gy, out, x, source, stride, gw, weight + shift)
    if high > low:
        some = high - low
        source_product(batch, outputs, some, inputs, gy, out, w, weight + low, gx, source + low, stride, added)


@kernel
def product(batch, size, x, sources, left_out, y, out, out_stride, given, given_at):
    """The product of the sources, or the gradient of one of them.

    `sources` has the offset and the stride of each source. If `left_out` is −1, y becomes the product of all sources.
    Otherwise the product of `given` and all sources except `left_out` is added to y: the gradient of that source.
    """
    for r in range(batch):
        target = y[out + r * out_stride :][:size]
        for j in range(size):
            p = ONE
            for s in range(len(sources) // 2):
                if s != left_out:
                    p *= x[sources[2 * s] + r * sources[2 * s + 1] + j]
            if left_out < 0:
                target[j] = p
            else:
                target[j] += p * given[given_at + r * size + j]


@kernel
def gate(batch, size, x, source, stride, w, gates, y, out, added):
    """y = sigmoid(a) · x, or y += sigmoid(a) · x if `added`."""
    a = w[gates : gates + size]
    for r in range(batch):
        given, target = x[source + r * stride :][:size], y[out + r * size :][:size]
        for j in range(size):
            gated = sigmoid(a[j]) * given[j]
            target[j] = target[j] + gated if added else gated


@kernel
def gate_back(batch, size, x, gx, source, stride, wanted, w, gw, gates, shift, gy, out):
    """Computes the gradient of a. If `wanted`, adds the gradient of x to gx."""
    a, ga = w[gates : gates + size], gw[gates + shift :][:size]
    ga[:] = ZERO
    for r in range(batch):
        at, g = source + r * stride, gy[out + r * size :][:size]
        given, target = x[at:][:size], gx[at:][:size]
        for j in range(size):
            s = sigmoid(a[j])
            ga[j] += g[j] * given[j] * s * (ONE - s)
            if wanted:
                target[j] += g[j] * s


@kernel
def softmax(batch, size, x, source, y, out):
    """y = softmax(x)."""
    for r in range(batch):
        given, target = x[source + r * size :][:size], y[out + r * size :][:size]
        greatest = given.max()
        total = ZERO
        for j in range(size):
            target[j] = exp(given[j] - greatest)
            total += target[j]
        for j in range(size):
            target[j] /= total


@kernel
def softmax_back(batch, size, gx, source, y, gy, out):
    """gx += y (g − Σ g y)."""
    for r in range(batch):
        target, p, g = gx[source + r * size :][:size], y[out + r * size :][:size], gy[out + r * size :][:size]
        total = ZERO
        for j in range(size):
            total += g[j] * p[j]
        for j in range(size):
            target[j] += p[j] * (g[j] - total)


@kernel
def sigmoids_back(gx, y, gy):
    """gx += g y (1 − y)."""
    for i in range(len(gx)):
        gx[i] += gy[i] * y[i] * (ONE - y[i])


@kernel
def sample(batch, size, x, source, stride, noise, y, out):
    """y = μ + e^(log σ² / 2) ε."""
    for r in range(batch):
        at = source + r * stride
        mean, spread, target = x[at:][:size], x[at + size :][:size], y[out + r * size :][:size]
        e = noise[r * size :][:size]
        for j in range(size):
            target[j] = mean[j] + exp(spread[j] / TWO) * e[j]


@kernel
def sample_back(batch, size, gx, x, source, stride, noise, gy, out):
    """gμ += g, and g(log σ²) += g ε e^(log σ² / 2) / 2."""
    for r in range(batch):
        at = source + r * stride
        means, spreads, spread = gx[at:][:size], gx[at + size :][:size], x[at + size :][:size]
        g, e = gy[out + r * size :][:size], noise[r * size :][:size]
        for j in range(size):
            means[j] += g[j]
            spreads[j] += g[j] * e[j] * exp(spread[j] / TWO) / TWO


@kernel
def adam(weights, gradients, means, squares, rate, step):
    """Takes Adam step number `step`, counted from 1, with torch's formula."""
    size = float32(rate / (1 - 0.9 ** int64(step)))
    root = float32(1 / (1 - 0.999 ** int64(step)) ** 0.5)
    keep, new, keep_square, new_square, epsilon = (
        float32(0.9),
        float32(0.1),
        float32(0.999),
        float32(0.001),
        float32(1e-8),
    )
    for i in range(len(weights)):
        g = gradients[i]
        means[i] = keep * means[i] + new * g
        squares[i] = keep_square * squares[i] + new_square * g * g
        weights[i] -= size * means[i] / (sqrt(squares[i]) * root + epsilon)


@kernel
def descend(weights, gradients, speeds, rate, momentum):
    """Takes a step of stochastic gradient descent with momentum, with torch's formula."""
    size, keep = float32(rate), float32(momentum)
    for i in range(len(weights)):
        speeds[i] = keep * speeds[i] + gradients[i]
        weights[i] -= size * speeds[i]
