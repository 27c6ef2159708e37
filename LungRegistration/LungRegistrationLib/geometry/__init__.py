"""Where things are: lattices, linear maps, B-spline and sampled displacement fields, and their inverses."""
