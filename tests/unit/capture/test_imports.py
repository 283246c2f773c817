"""What the sidecar's own process may load."""

import subprocess
import sys


def test_the_sidecars_side_of_capture_loads_no_c_library():
    program = (
        "import sys, wallflower_sidecar.capture;"
        "print([name for name in ('av', 'cv2', 'numpy', 'webrtcvad') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"
