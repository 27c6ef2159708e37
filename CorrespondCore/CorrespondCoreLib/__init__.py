"""What two or more modules of Correspond need: jobs, devices, models, provenance, images, metrics."""

__version__ = "0.1.0"
