"""People: how they are reached, what they say of themselves, and the card under their posts."""
