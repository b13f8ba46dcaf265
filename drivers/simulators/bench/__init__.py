"""Cables between simulated instruments, and what goes through them."""
