"""What a person gives: files, YAML and what may stand in them, checked in one place."""
