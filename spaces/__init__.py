"""Problems, and the spaces of candidates for them."""
