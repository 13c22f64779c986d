"""What a person can do with the open recording."""
