"""Finding damage in a recording."""
