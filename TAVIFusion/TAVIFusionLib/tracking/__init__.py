"""How the model moves from frame to frame, with heart and breath."""
