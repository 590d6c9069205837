"""The operation codes of a program. Numba sees them as constants."""

(
    GATHER,
    GATHER_SELECTED,
    ADD,
    SELECT,
    AFFINE,
    PRODUCT,
    GATE,
    SOFTMAX,
    SIGMOIDS,
    SAMPLE,
) = range(10)
"""Forward operations."""

(
    CLEAR,
    ADD_BACK,
    SELECT_BACK,
    AFFINE_BACK,
    PRODUCT_BACK,
    GATE_BACK,
    SOFTMAX_BACK,
    SIGMOIDS_BACK,
    SAMPLE_BACK,
) = range(9)
"""Backward operations."""

MSE, HUBER, GAUSSIAN, BERNOULLI, CROSS_ENTROPY, SMOOTHED_CROSS_ENTROPY, FOCAL, KL, SCALE = range(9)
"""Losses, and the weight of a loss."""

IDENTITY, RELU, ELU, SOFTPLUS, SOFTSIGN, SIGMOID, TANH = range(7)
"""Activations."""

ACTIVATION_CODES = {
    "identity": IDENTITY,
    "relu": RELU,
    "elu": ELU,
    "softplus": SOFTPLUS,
    "softsign": SOFTSIGN,
    "sigmoid": SIGMOID,
    "tanh": TANH,
}

LOSS_CODES = {
    "mse": MSE,
    "huber": HUBER,
    "gaussian": GAUSSIAN,
    "bernoulli": BERNOULLI,
    "binary_cross_entropy": BERNOULLI,
    "cross_entropy": CROSS_ENTROPY,
    "smoothed_cross_entropy": SMOOTHED_CROSS_ENTROPY,
    "focal": FOCAL,
    "kl": KL,
}
