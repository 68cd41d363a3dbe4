"""One structure at a time, through the tasks and the store of a campaign."""
