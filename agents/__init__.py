"""Who decides: Mesa agents, one file for each firm or role; only decision rules."""
