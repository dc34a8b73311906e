"""Stage 0: which machine, does Java start and see the GPU, and what the GPU reaches at best."""

import os
import subprocess
import sys

import torch

import kit


def said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return f"{command[0]} does not answer"


def ceilings(device):
    """Bytes read and written by a copy, bytes read by a sum, operations of a large product on random data."""
    elements = (4 << 30) // 4 if device == "cuda" else 1 << 20
    side = 8192 if device == "cuda" else 256
    x = torch.randn(elements, device=device)
    y = torch.empty_like(x)
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    copy = 2 * x.nbytes / kit.median_seconds(lambda: y.copy_(x), device, 5)
    read = x.nbytes / kit.median_seconds(lambda: x.sum(), device, 5)
    product = 2 * side**3 / kit.median_seconds(lambda: a @ b, device, 5)
    return {"copied bytes a second": copy, "read bytes a second": read,
            "bytes a second": max(copy, read), "flops a second": product}


def main():
    device = "cuda" if torch.cuda.is_available() else "cpu"
    facts = {
        "commit": os.environ["KIT_COMMIT"],
        "seed": kit.seed(),
        "emulated": kit.emulated(),
        "torch": torch.__version__,
        "gpu": said("nvidia-smi", "--query-gpu=name,memory.total,driver_version,clocks.sm,clocks.mem", "--format=csv,noheader"),
        "multiprocessors": torch.cuda.get_device_properties(0).multi_processor_count if device == "cuda" else 0,
    }
    kit.write("facts", facts)
    right = kit.java("KernelRuns", "describe", kit.scratch() / "description").returncode == 0
    facts["internvl4j"] = (kit.scratch() / "description").read_text() if right else "did not start"
    facts["ceilings"] = ceilings(device)
    kit.write("facts", facts)
    return right


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
