"""The rules of the game: plain NumPy over worlds, no firm by name."""
