"""Speech models: which there are, where they come from, what is checked."""
