"""Linear prediction: extrapolation and Janssen interpolation."""
