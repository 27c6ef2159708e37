"""Registration of a pair with a trained network: preparation, prediction, fit to the pair, hand-out."""
