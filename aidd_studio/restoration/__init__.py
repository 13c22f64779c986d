"""The work on one recording: plan, fill, splice, session."""
