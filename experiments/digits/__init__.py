"""One method on the embedded digits in each file."""
