"""What training minimizes: overlap and cross entropy with a mask, similarity to a fundus image."""
