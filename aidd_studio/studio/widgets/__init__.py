"""Widgets and looks without state of the program."""
