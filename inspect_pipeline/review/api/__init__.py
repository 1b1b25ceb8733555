"""The JSON API under /api/v1: each module has a `router` with the URLs of one subject."""
