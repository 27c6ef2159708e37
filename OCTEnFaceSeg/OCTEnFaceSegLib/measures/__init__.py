"""What a mask means: area, foci, place relative to the fovea, agreement with graders, growth between visits."""
