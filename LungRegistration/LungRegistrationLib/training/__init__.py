"""Training of the registration networks: configurations, pairs, steps, checkpoints, several processes, model folders."""
