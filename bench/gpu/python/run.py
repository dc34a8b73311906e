"""Runs the stages, each with a limit of its own, each a process of its own, and prints one table.

    run.py [STAGE…]     facts wrappers kernels times sanitizer 1b 2b 8b, in this order, if none is named; also 26b

Facts always come first: shares are shares of what they measure. SECONDS_IN_ALL=570 is what all of it may take.
"""

import os
import pathlib
import signal
import subprocess
import sys
import time

import kit
import table

HERE = pathlib.Path(__file__).resolve().parent
STAGES = {  # script, arguments, seconds
    "facts": ("facts.py", (), 60),
    "wrappers": ("wrappers.py", (), 40),
    "kernels": ("kernels.py", ("check",), 120),
    "times": ("kernels.py", ("time",), 120),
    "sanitizer": ("kernels.py", ("sanitize",), 60),
    "1b": ("models.py", ("1b",), 90),
    "2b": ("models.py", ("2b",), 90),
    "8b": ("models.py", ("8b",), 200),
    "26b": ("models.py", ("26b",), 500),
}
TINY = {name: ("models.py", (name,), 600) for name in ("tiny-1b", "tiny-2b", "tiny-26b")}
USUAL = ("facts", "wrappers", "kernels", "times", "sanitizer", "1b", "2b", "8b")


def chosen(names):
    stages = {**STAGES, **TINY} if kit.emulated() else STAGES
    if not names:
        names = [n for n in USUAL if not (kit.emulated() and n in ("1b", "2b", "8b"))] + [n for n in stages if n in TINY]
    unknown = [n for n in names if n not in stages]
    if unknown:
        sys.exit(f"gpu kit: no stage {unknown[0]}; there are {', '.join(stages)}")
    names = [n for n in names if n != "facts"]
    return {n: stages[n] for n in ["facts", *names]}


def outcome(command, limit, log):
    """Ends whatever the stage has started, too."""
    if limit < 10:
        return "left out, no time was left"
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        return "passed" if process.wait(limit) == 0 else "failed, see log.txt"
    except subprocess.TimeoutExpired:
        return f"stopped after {limit:.0f} s"
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def main(names):
    stages = chosen(names)
    (kit.out() / "results.json").unlink(missing_ok=True)
    end = time.monotonic() + float(os.environ.get("SECONDS_IN_ALL", "1e9" if kit.emulated() else "570"))
    passed = {}
    with open(kit.out() / "log.txt", "w") as log:
        for name, (script, arguments, limit) in stages.items():
            print(f"{name} …", flush=True)
            start = time.monotonic()
            said = outcome([sys.executable, HERE / script, *arguments], min(limit, end - start), log)
            passed[name] = f"{said} ({time.monotonic() - start:.0f} s)"
            kit.write("stages", passed)
    print(table.of(kit.results()))
    return all(p.startswith("passed") for p in passed.values())


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
