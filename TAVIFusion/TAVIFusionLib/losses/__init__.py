"""What training minimizes: overlap and cross entropy with a mask."""
