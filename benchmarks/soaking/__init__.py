"""A plant for hours: what it suffers, what is measured meanwhile, and what is true in the end."""
