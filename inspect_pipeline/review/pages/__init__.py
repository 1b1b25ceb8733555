"""Pages for people: each module has a `router` with the URLs of one subject."""
