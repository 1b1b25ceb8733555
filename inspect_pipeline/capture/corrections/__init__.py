"""What is put right in a camera's pictures before they are inspected; what is kept is untouched."""
