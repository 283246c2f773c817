"""Stills and live pictures, decoded only for those who look."""
