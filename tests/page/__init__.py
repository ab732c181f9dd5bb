"""The front of the house: simulate, JSON, tables, figures, the command line, the README."""
