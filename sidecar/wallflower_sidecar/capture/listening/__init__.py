"""Sound to utterances, with the wall-clock time of each."""
