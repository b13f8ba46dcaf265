"""What carries messages: connections of VISA libraries. Only here is PyVISA known."""
