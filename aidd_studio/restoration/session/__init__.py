"""One recording under work: history, journal, project, export."""
