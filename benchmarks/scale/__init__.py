"""A year of a plant, as rows: what the database is measured with."""
