"""Training of the segmentation and the matching network on phantoms or on a user's frames, and how good a model is."""
