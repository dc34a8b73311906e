"""Runs the stages, each with a limit of its own, each a process of its own, and prints one table.

    run.py [STAGE…]     facts wrappers kernels times sanitizer 1b 2b 8b, in this order, if none is named; also 26b
"""

import pathlib
import subprocess
import sys
import time

import kit
import table

HERE = pathlib.Path(__file__).resolve().parent
STAGES = {  # script, arguments, seconds
    "facts": ("facts.py", (), 60),
    "wrappers": ("wrappers.py", (), 60),
    "kernels": ("kernels.py", ("check",), 150),
    "times": ("kernels.py", ("time",), 150),
    "sanitizer": ("kernels.py", ("sanitize",), 90),
    "1b": ("models.py", ("1b",), 120),
    "2b": ("models.py", ("2b",), 120),
    "8b": ("models.py", ("8b",), 240),
    "26b": ("models.py", ("26b",), 540),
}
TINY = {name: ("models.py", (name,), 600) for name in ("tiny-1b", "tiny-2b", "tiny-26b")}
USUAL = ("facts", "wrappers", "kernels", "times", "sanitizer", "1b", "2b", "8b")


def main(names):
    stages = {**STAGES, **TINY} if kit.emulated() else STAGES
    if not names:
        names = [n for n in USUAL if not (kit.emulated() and n in ("1b", "2b", "8b"))] + [n for n in stages if n in TINY]
    unknown = [n for n in names if n not in stages]
    if unknown:
        sys.exit(f"gpu kit: no stage {unknown[0]}; there are {', '.join(stages)}")
    passed = {}
    with open(kit.out() / "log.txt", "a") as log:
        for name in names:
            script, arguments, limit = stages[name]
            print(f"{name} …", flush=True)
            start = time.monotonic()
            try:
                code = subprocess.run([sys.executable, HERE / script, *arguments], stdout=log, stderr=log, timeout=limit).returncode
                outcome = "passed" if code == 0 else f"failed, see log.txt"
            except subprocess.TimeoutExpired:
                outcome = f"stopped after {limit} s"
            passed[name] = f"{outcome} ({time.monotonic() - start:.0f} s)"
            kit.write("stages", passed)
    print(table.of(kit.results()))
    return all(p.startswith("passed") for p in passed.values())


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
