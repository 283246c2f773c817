"""A child that dies before its first heartbeat."""

import sys

sys.exit(3)
