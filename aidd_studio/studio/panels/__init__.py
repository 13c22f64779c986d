"""The lists beside the timeline."""
