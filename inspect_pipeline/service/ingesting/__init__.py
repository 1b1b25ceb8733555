"""The processes that bring frames from the cameras into the database, and who looks after them."""
