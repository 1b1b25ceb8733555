"""Many people at once at the review application."""
