"""Child processes of the sidecar: how they are started, watched, spoken to and ended."""
