"""Sound files handed over, read by a process of their own."""
