"""From an approved post to physical messages: planning, pacing, sending, and recovery from what may have been sent."""
