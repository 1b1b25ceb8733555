"""What the pictures of the reports are made from."""
