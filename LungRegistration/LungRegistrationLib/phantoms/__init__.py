"""The breathing thorax and known motion for real scans; `phantom.py` is the door."""
