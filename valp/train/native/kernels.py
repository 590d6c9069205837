"""The interpreter: one compiled function that trains any program.

`valp.train.native.program` documents the fields of a row.
"""

from hashlib import sha256
from pathlib import Path

from numba import float32, float64, int64, njit, void
from numpy import float32 as single

from valp.train.native import codes
from valp.train.native import native_losses as of
from valp.train.native import operations as do
from valp.train.native.elementary import ONE
from valp.train.native.memory import floats, integers

TABLE, NUMBERS, VECTOR = int64[:, ::1], int64[::1], float32[::1]
STATE = (VECTOR,) * 6
"""Values and their gradients, parameters and their gradients, and Adam's two moments; SGD needs the first."""


@njit(error_model="numpy")
def forward(program, indices, x, w, rows, noise):
    """Runs the operations."""
    batch = len(rows)
    for i in range(len(program)):
        code, out, size, source, stride, a, b, c, d = program[i, :9]
        if code == codes.GATHER:
            do.gather(floats(a, b * size), rows, size, x, out)
        elif code == codes.GATHER_SELECTED:
            do.gather_selected(floats(a, b * stride), rows, stride, indices[c : c + size], x, out)
        elif code == codes.ADD:
            do.add(batch, size, x, source, stride, x, out, a, ONE / single(b), c)
        elif code == codes.SELECT:
            do.select(batch, x, source, stride, indices[a : a + size], x, out)
        elif code == codes.AFFINE:
            do.affine(batch, x, source, stride, a, w, b, c, x, out, size, d)
        elif code == codes.PRODUCT:
            do.product(batch, size, x, indices[a : a + b], -1, x, out, size, x, out)
        elif code == codes.GATE:
            do.gate(batch, size, x, source, stride, w, a, x, out, b)
        elif code == codes.SOFTMAX:
            do.softmax(batch, size, x, source, x, out)
        elif code == codes.SIGMOIDS:
            x[out : out + batch * size] = x[source : source + batch * size]
            do.activate(x[out : out + batch * size], codes.SIGMOID)
        elif code == codes.SAMPLE:
            do.sample(batch, size, x, source, stride, noise[a * batch :], x, out)


@njit(error_model="numpy")
def judge(program, x, g, rows, betas, terms):
    """Computes the loss terms and the gradients of the predictions."""
    for i in range(len(program)):
        code, term, size, source, stride, truth, weights, columns, added, count, gradient = program[i, :11]
        beta, numbers = betas[term], len(rows) * size
        if code == codes.SCALE:
            do.add(len(rows), size, g, truth, stride, g, source, stride, single(beta), added)
            continue
        p, gp, w = x[source : source + numbers], g[gradient : gradient + numbers], floats(weights, count * columns)
        if code == codes.KL:
            if not added:
                g[gradient : gradient + len(rows) * stride] = single(0)
            terms[term] += of.divergence(len(rows), size, x, source, g, gradient, stride, truth, beta)
        elif code >= codes.CROSS_ENTROPY:
            classes = integers(truth, count)
            terms[term] += of.by_class(code, p, gp, classes, w, rows, size, columns, beta, added)
        else:
            t = floats(truth, count * size)
            if code == codes.MSE:
                terms[term] += of.mse(p, gp, t, w, rows, size, columns, beta, added)
            elif code == codes.HUBER:
                terms[term] += of.huber(p, gp, t, w, rows, size, columns, beta, added)
            elif code == codes.GAUSSIAN:
                terms[term] += of.gaussian(p, gp, t, w, rows, size, columns, beta, added)
            else:
                terms[term] += of.bernoulli(p, gp, t, w, rows, size, columns, beta, added)


@njit(error_model="numpy")
def backward(program, indices, x, g, w, gw, batch, noise):
    """Computes the gradients of all parameters from those of the predictions."""
    for i in range(len(program)):
        code, out, size, source, stride, a, b, c, d, e, f = program[i, :11]
        if code == codes.CLEAR:
            g[out : out + batch * size] = single(0)
        elif code == codes.ADD_BACK:
            do.add(batch, size, g, out, a, g, source, stride, ONE / single(b), c)
        elif code == codes.SELECT_BACK:
            do.select_back(batch, g, source, stride, indices[a : a + size], g, out)
        elif code == codes.AFFINE_BACK:
            low, high, added, shift = e, f, program[i, 11], program[i, 12]
            do.affine_back(batch, x, g, source, stride, a, low, high, added, w, gw, b, c, shift, x, g, out, size, d)
        elif code == codes.PRODUCT_BACK:
            do.product(batch, size, x, indices[a : a + b], c, g, source, stride, g, out)
        elif code == codes.GATE_BACK:
            do.gate_back(batch, size, x, g, source, stride, b, w, gw, a, c, g, out)
        elif code == codes.SOFTMAX_BACK:
            do.softmax_back(batch, size, g, source, x, g, out)
        elif code == codes.SIGMOIDS_BACK:
            count = batch * size
            do.sigmoids_back(g[source : source + count], x[out : out + count], g[out : out + count])
        elif code == codes.SAMPLE_BACK:
            do.sample_back(batch, size, g, x, source, stride, noise[a * batch :], g, out)


SIGNATURE = void(
    *[TABLE] * 5,
    NUMBERS,
    *STATE,
    NUMBERS,
    TABLE,
    float32[:, ::1],
    float64[:, ::1],
    *[float64[::1]] * 3,
    float64,
)


def _compiled(sources):
    """`train`, compiled for sources with this digest.

    The digest is a closure variable because Numba's cache on disk notices changes of those, but not of imports.
    """

    @njit(SIGNATURE, error_model="numpy", cache=True)
    def train(
        program, judging, back, parts, updates, indices, x, g, w, gw, means, squares, counts, rows, noise, betas, terms,
        sums, rates, momentum,
    ):  # fmt: skip
        """Takes a step for each row of `rows`: forward, the parts, and the updates. Adds the loss terms to `sums`.

        A row of `updates` is the range [low, high) of parameters to update, the place of their gradients in `gw`, and
        the place in `counts` of the number of their updates so far. The optimiser is Adam if `momentum` is negative,
        else SGD.
        """
        for step in range(len(rows) if sources else 0):
            forward(program, indices, x, w, rows[step], noise[step])
            terms[:] = 0
            for part in range(len(parts)):
                first, last, start, end = parts[part]
                judge(judging[first:last], x, g, rows[step], betas[step], terms)
                backward(back[start:end], indices, x, g, w, gw, rows.shape[1], noise[step])
            for update in range(len(updates)):
                low, high, start, place = updates[update]
                slopes = gw[start : start + high - low]
                counts[place] += 1
                if momentum < 0:
                    do.adam(w[low:high], slopes, means[low:high], squares[low:high], rates[step], counts[place])
                else:
                    do.descend(w[low:high], slopes, means[low:high], rates[step], momentum)
            for i in range(len(terms)):
                sums[i] += terms[i]

    return train


def _digest():
    """A nonzero number that changes with the source of this package."""
    digest = sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return 1 + int.from_bytes(digest.digest()[:7])


train = _compiled(_digest())
