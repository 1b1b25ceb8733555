"""The plant's own reports: shift, day, week, lot, alert, and what the system is worth."""
