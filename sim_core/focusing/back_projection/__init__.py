"""Focusing pixel by pixel with exact delays: the standard that the other ways are held to."""
