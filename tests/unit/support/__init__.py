"""Tests of the test support itself: a fake that is not held to account proves nothing."""
