"""What a campaign is: its file, its space, what it needs, and what one that has begun keeps."""
