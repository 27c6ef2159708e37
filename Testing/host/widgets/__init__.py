"""CTK and Slicer widgets for the host: PySide6 widgets with the real names, properties and signals, bound to the real scene."""
