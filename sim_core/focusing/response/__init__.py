"""What the response of a point in an image is, beside what theory gives."""
