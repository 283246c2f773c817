"""Recorded files: kept on disk, found again, thinned out, and cut into clips."""
