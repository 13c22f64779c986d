"""What a person reads of it."""
