"""Counts that are kept: changed where what they count is written, and proven against the rows."""
