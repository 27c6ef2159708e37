"""The sample patient: a phantom with CTA, aorta and two runs with contrast, made on this computer."""

CATEGORY = "Correspond"
SAMPLE_NAME = "TAVIPhantom"
