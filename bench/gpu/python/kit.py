"""What the stages share: where things lie, how Java is started, how results are written."""

import json
import os
import pathlib
import statistics
import subprocess
import time

HOME = pathlib.Path(__file__).resolve().parents[3]


def emulated():
    return "INTERNVL4J_CUDA_LIBRARY" in os.environ


def out():
    folder = pathlib.Path(os.environ["KIT_OUT"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def scratch():
    """Inputs and random models: memory, where there is some to spare."""
    folder = pathlib.Path(os.environ["KIT_SCRATCH"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def seed():
    """Another one in each run; written down with the facts."""
    return int(os.environ["KIT_SEED"])


def results():
    path = out() / "results.json"
    return json.loads(path.read_text()) if path.exists() else {}


def write(part, content):
    """At once, so that a later stage's end costs nothing; one file, since few travel back."""
    known = results()
    known[part] = content
    partial = out() / "results.partial"
    partial.write_text(json.dumps(known, indent=1))
    partial.rename(out() / "results.json")


def java(main, *arguments, wrapper=()):
    """Runs a class of the kit; what it says goes to the log."""
    command = [*wrapper, os.environ["KIT_JAVA"], "--add-modules=jdk.incubator.vector",
               "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", f"-XX:ErrorFile={out()}/java-error.txt",
               "-cp", os.environ["KIT_JARS"],
               f"org.internvl4j.bench.gpu.{main}", *map(str, arguments)]
    return subprocess.run(command)


def median_seconds(call, device, samples=30):
    """Of a call on PyTorch's side; on a GPU inside a graph of 20, as Java's are."""
    import torch

    if device == "cpu":
        call()
        start = time.perf_counter()
        call()
        return time.perf_counter() - start
    calls = 20
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(3):
            call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(calls):
            call()
    def run(times):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(times):
            graph.replay()
        torch.cuda.synchronize()
        return (time.perf_counter() - start) / times
    once = run(1)
    times = max(1, min(1000, int(0.002 / once)))
    return statistics.median(run(times) for _ in range(samples)) / calls
