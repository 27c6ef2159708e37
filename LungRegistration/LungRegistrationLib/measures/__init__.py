"""What a field means: errors, folding, volumes, mechanics, ventilation, and whether to trust it."""
