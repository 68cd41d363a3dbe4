"""The ledger and what is read from it and changed in it."""
