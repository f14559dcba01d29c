"""One method that translates small photographs in each file."""
