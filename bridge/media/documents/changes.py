"""What the readers of documents hand back."""

Change = tuple[int, bytes]
"""Where in the file, and what is to stand there from now on."""
