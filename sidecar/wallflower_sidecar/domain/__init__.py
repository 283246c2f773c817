"""What Wallflower talks about: frozen values and pure rules, no input or output."""
