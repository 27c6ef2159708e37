"""The parts of the LungRegistration panel that know the scene: inputs, results, inspection, export."""
