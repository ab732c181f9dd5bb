"""The tests: laws, oracles, the house rules and what a user does."""
