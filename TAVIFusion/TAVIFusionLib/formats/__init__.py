"""Reading and writing of fluoroscopy runs; `reading.read_run` finds the right reader by the content."""
