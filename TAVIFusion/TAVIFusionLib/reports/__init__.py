"""The reports of a segmentation, an alignment and a tracking: pictures, json, and one page of html each."""
