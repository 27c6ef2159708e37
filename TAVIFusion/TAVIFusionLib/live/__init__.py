"""Frames as they arrive: one child process holds the network and answers each frame, the latest first."""
