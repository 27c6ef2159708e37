"""Reading and writing: one plain function path -> OctScan per format; `reading.read_scan` finds the right one by the content."""
