"""One stream as the sidecar sees it: its state, its sessions, its retries."""
