"""Training of the segmentation networks: configurations, eyes, augmentation, steps, the best models."""
