"""The reports of a segmentation and of growth: json, csv, and one page of html."""
