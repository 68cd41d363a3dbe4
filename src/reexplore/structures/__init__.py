"""Three-dimensional structures: built, exchanged, relaxed and checked."""
