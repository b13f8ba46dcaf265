"""What each family of generators is told, and what it answers."""
