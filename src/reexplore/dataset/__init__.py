"""Labels as files that others read: one row a candidate and metal, with all that is known of it."""
