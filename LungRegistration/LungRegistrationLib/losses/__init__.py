"""What a good field is: similarities, regularizers, volume-change control, and the papers' sums of them."""
