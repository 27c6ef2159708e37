"""The training-free method: discrete search, refinement on a control grid, keypoints."""
