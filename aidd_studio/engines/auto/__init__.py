"""The engine that chooses by the length of the gap."""
