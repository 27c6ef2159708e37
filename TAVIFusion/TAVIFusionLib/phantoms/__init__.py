"""Parts of the phantom: anatomy, body, devices, contrast, detector. `TAVIFusionLib.phantom` puts them together."""
