"""The parts of the phantom eye; `phantom.py` is the door."""
