"""What the plant does by the clock: cameras on a schedule, and jobs that keep house."""
