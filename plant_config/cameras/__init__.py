"""The cameras of a plant file: what all of them say, and one file per kind."""
