"""One RTSP connection: reaching the camera, and what may be wrong with what it sends."""
