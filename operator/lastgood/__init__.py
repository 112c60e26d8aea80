"""lastgood keeps every machine-learning model on its last good version, or off."""

__version__ = "0.1.0"
