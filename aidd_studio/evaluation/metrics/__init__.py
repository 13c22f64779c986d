"""What is measured: distances between a fill and the original."""
