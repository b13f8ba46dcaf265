"""What a configuration holds: a module for each section of the file."""
