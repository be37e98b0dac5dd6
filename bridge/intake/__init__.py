"""From the inbox to what it means: submissions, revisions, commands, answers, decisions."""
