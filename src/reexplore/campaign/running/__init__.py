"""What a driver works with: tasks handed out, progress told, one driver at a time, and why it stops."""
