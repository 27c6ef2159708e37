"""What two or more modules of Correspond need: jobs, devices, models, provenance, images, metrics."""
