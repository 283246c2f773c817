"""Packets to files, without re-encoding."""
