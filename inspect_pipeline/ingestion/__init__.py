"""From cameras to workers by way of the disk: what a camera gave is safe before it forgets it."""
