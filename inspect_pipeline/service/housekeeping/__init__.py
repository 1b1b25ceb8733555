"""What is done by the clock besides taking pictures: one file per kind of job."""
