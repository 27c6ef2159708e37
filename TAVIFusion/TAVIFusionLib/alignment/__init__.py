"""Where the model lies: fitted to the vessel in the frames, to picked points, or by an affine map of pictures as in the paper."""
