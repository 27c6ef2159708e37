"""Networks of the paper: a residual U-net that finds the vessel in a frame, and a CNN that matches the model to the vessel."""
