"""Words for people: author cards, posts and notices as rich, plain or low-bandwidth text, in the reader's language."""
