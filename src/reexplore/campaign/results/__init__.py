"""What a campaign shows: plan, status, report, logs, and its choices made again."""
