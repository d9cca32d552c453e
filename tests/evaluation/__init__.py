"""Measurements: run by hand (`make bench`), recorded in docs/measurements.md."""
