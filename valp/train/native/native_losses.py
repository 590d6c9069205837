"""The losses and their gradients. A gradient replaces the prediction's gradient or, if `added`, is added to it."""

from math import log, pi

from numpy import float32, float64

from valp.parts.losses.cross_entropy import SMOOTHING
from valp.parts.losses.loss_kind import SMALLEST
from valp.train.native import codes
from valp.train.native.elementary import HALF, ONE, TWO, ZERO, exp, expm1, inlined, log1p, sigmoid
from valp.train.native.operations import kernel

HALF_LOG_2_PI = float32(log(2 * pi) / 2)


@inlined
def _mse(p, g):
    return (p - g) * (p - g), TWO * (p - g)


@inlined
def _huber(p, g):
    e = p - g
    slope = -ONE if e < -ONE else (ONE if e > ONE else e)
    return slope * (e - HALF * slope), slope


@inlined
def _gaussian(p, g):
    return HALF * (p - g) * (p - g) + HALF_LOG_2_PI, p - g


@inlined
def _bernoulli(p, g):
    return (p if p > ZERO else ZERO) - p * g + log1p(exp(-abs(p))), sigmoid(p) - g


def _by_variable(each):
    """The kernel of an elementwise loss. `each` returns the loss of one variable and its derivative."""

    @kernel
    def loss(p, g, truth, weights, rows, size, columns, beta, added):
        total = float64(0)
        for r in range(len(rows)):
            total += sum_of(weights, rows[r], columns) * (1 if columns > 1 else size)
        total = float64(max(total, SMALLEST) if columns else len(rows) * size)
        factor, keep, result = float32(beta / total), ONE if added else ZERO, float64(0)
        for r in range(len(rows)):
            pr, gr, tr = p[r * size :][:size], g[r * size :][:size], truth[rows[r] * size :][:size]
            part = ZERO
            if columns > 1:
                wr = weights[rows[r] * size :][:size]
                for j in range(size):
                    value, slope = each(pr[j], tr[j])
                    part += value * wr[j]
                    gr[j] = keep * gr[j] + factor * wr[j] * slope
            else:
                weight = weights[rows[r]] if columns else ONE
                for j in range(size):
                    value, slope = each(pr[j], tr[j])
                    part += value * weight
                    gr[j] = keep * gr[j] + factor * weight * slope
            result += part
        return result / total

    return loss


@kernel
def sum_of(weights, row, columns):
    """The sum of a row's weights."""
    total = ZERO
    for j in range(columns):
        total += weights[row * columns + j]
    return float64(total)


mse, huber, gaussian, bernoulli = map(_by_variable, (_mse, _huber, _gaussian, _bernoulli))


@kernel
def least_of(weights, row, columns):
    """The smallest of a row's weights; 1 if there are none."""
    if columns == 0:
        return ONE
    least = weights[row * columns]
    for j in range(1, columns):
        least = min(least, weights[row * columns + j])
    return least


@kernel
def by_class(code, p, g, classes, weights, rows, size, columns, beta, added):
    """The cross-entropy of a softmax: plain, smoothed or focal."""
    total = float64(0)
    for r in range(len(rows)):
        total += least_of(weights, rows[r], columns)
    total = float64(max(total, SMALLEST))
    keep, result = ONE if added else ZERO, float64(0)
    smoothing = float32(SMOOTHING if code == codes.SMOOTHED_CROSS_ENTROPY else 0)
    for r in range(len(rows)):
        pr, gr, c, weight = (
            p[r * size :][:size],
            g[r * size :][:size],
            classes[rows[r]],
            least_of(weights, rows[r], columns),
        )
        greatest, others, exponentials = pr.max(), ZERO, ZERO
        for j in range(size):
            exponentials += exp(pr[j] - greatest)
            others += pr[j] - greatest
        logarithm = float32(log(exponentials))
        log_p = pr[c] - greatest - logarithm
        pull, value = ONE, -(ONE - smoothing) * log_p - smoothing * (others / float32(size) - logarithm)
        if code == codes.FOCAL:
            missing, certain = -expm1(log_p), exp(log_p)
            value = -missing * missing * log_p
            pull = missing * missing - TWO * certain * missing * log_p
        result += value * weight
        factor = float32(beta / total) * weight * pull
        spread = smoothing / float32(size)
        for j in range(size):
            gr[j] = keep * gr[j] + factor * (exp(pr[j] - greatest) / exponentials - spread)
        gr[c] -= factor * (ONE - smoothing)
    return result / total


@kernel
def divergence(batch, size, x, at, g, gradient, stride, variables, beta):
    """The KL divergence of k latent variables from N(0, I). Adds its gradient to g."""
    scale = 1 / (float64(batch) * variables)
    factor, result = float32(beta * scale), float64(0)
    for r in range(batch):
        start, begin = at + r * stride, gradient + r * stride
        mean, spread = x[start:][:size], x[start + size :][:size]
        means, spreads = g[begin:][:size], g[begin + size :][:size]
        part = ZERO
        for j in range(size):
            e = expm1(spread[j])
            part += mean[j] * mean[j] + (e - spread[j])
            means[j] += factor * mean[j]
            spreads[j] += factor * e / TWO
        result += part
    return result * scale / 2
