"""The names a hidden layer may use; `valp.compile.module` gives each its torch function."""

ACTIVATIONS = ("identity", "relu", "elu", "softplus", "softsign", "sigmoid", "tanh")

INITIALIZERS = (
    "xavier",  # uniform, ±sqrt(6 / (in + out))
    "uniform",  # uniform, ±0.1
    "normal",  # normal, standard deviation 0.03
)
