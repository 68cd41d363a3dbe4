"""The loop on known labels: what a policy and a surrogate would have found."""
