"""The parts of the search for Bruch's membrane; `bruch.py` is the door."""
