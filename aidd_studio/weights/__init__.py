"""Where models come from: registry, download, import, load."""
