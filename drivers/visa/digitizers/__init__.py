"""What each family of digitizers is told, and what it answers."""
