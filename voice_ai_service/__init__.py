"""The service: everything a telephone secretary needs but the telephone."""

__version__ = "0.1.0"
