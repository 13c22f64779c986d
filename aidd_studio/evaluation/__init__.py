"""How good a fill is: metrics, protocols, reports."""
