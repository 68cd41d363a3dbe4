"""Every way to build a complex."""
