"""The words that layers may use; `valp.compile.torch_layers` has the torch function of each."""

ACTIVATIONS = ("identity", "relu", "elu", "softplus", "softsign", "sigmoid", "tanh")

INITIALIZERS = (
    "xavier",  # uniform, ±sqrt(6 / (in + out))
    "uniform",  # uniform, ±0.1
    "normal",  # normal, standard deviation 0.03
)
