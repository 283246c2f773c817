"""Custom components of Home Assistant: Wallflower's integration."""
