"""The steps of the loop: screen, choose, label, learn."""
