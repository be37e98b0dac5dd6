"""Baraza: a moderated bridge between chat groups."""
