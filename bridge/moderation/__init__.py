"""What moderators see and decide: cards in every moderators' channel, decisions that count once, and what follows."""
