"""What a good field is: similarities, regularizers, volume-change control."""
