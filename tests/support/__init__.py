"""What tests, the demo and the benchmarks share: a real RTSP camera, spoken clips, waiting and leak checks."""
