"""What is measured on: recordings, protocols, planted damage."""
