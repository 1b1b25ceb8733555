"""From light to `Frame`: every source of pictures, and what makes a picture unfit to inspect."""
