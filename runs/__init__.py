"""How often and why: the Mesa model, ensembles, metrics and scenarios; prints and draws nothing."""
