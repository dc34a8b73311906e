"""Stages 2 and 3: every kernel against PyTorch in float64 (`check`), and how fast both are (`time`)."""

import json
import sys

import torch
from safetensors import safe_open
from safetensors.torch import save_file

import kit
from cases import Maker, makers

BATCH = 4 << 30  # bytes of cases that lie in memory together
ROW = 5  # how much larger than that of all rows the error of one may be
CACHE = 256 << 20  # operands are changed from call to call until they fill several times the second-level cache


def batches(named):
    """Cases, as many at a time as fit."""
    some, size = [], 0
    for name, make in named.items():
        case = make(name)
        if some and size + case.bytes > BATCH:
            yield some
            some, size = [], 0
        some.append(case)
        size += case.bytes
    yield some


def save(cases):
    path = kit.scratch() / "cases.safetensors"
    tensors = {f"{c.name}/{k}": t.cpu().contiguous() for c in cases for k, t in c.operands.items()}
    save_file(tensors, path, {"cases": json.dumps([c.listing() for c in cases])})
    return path


def read(path):
    """What was computed, and why the rest was not."""
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}


def errors(case, y):
    """Of the whole result and of its worst row, by norms; a row that is small beside the others counts as larger. What the
    reference leaves open (NaN) is not compared."""
    exact = {k: t.double() if t.is_floating_point() else t for k, t in case.operands.items()}
    want = case.reference(exact).double()
    said = ~want.isnan()
    want = want.nan_to_num()
    wrong = torch.where(said, y.to(want.device).double() - want, 0).reshape(-1, want.shape[-1])
    rows = want.reshape(wrong.shape).norm(dim=-1)
    usual = want.norm() / len(rows) ** 0.5
    worst = (wrong.norm(dim=-1) / rows.clamp(min=max(1e-30, float(usual) / 4))).max()
    return float(wrong.norm() / want.norm().clamp(min=1e-30)), float(worst)


def check(named, device):
    results, right = {}, True
    for cases in batches(named):
        to = kit.scratch() / "results.safetensors"
        kit.java("KernelRuns", "check", save(cases), to).check_returncode()
        got, reasons = read(to)
        for c in cases:
            y = got.get(f"{c.name}/y")
            error, worst = (float("nan"),) * 2 if y is None else errors(c, y)
            good = error <= c.tolerance and worst <= ROW * c.tolerance
            right &= good
            if y is None:
                print(f"{c.name}: {reasons.get(c.name, 'was not run')}")
            results[c.name] = {"error": error, "worst row": worst, "tolerance": c.tolerance, "right": good}
            if not good:
                print(f"{c.name}: error {error:.2e}, worst row {worst:.2e}, expected at most {c.tolerance:.0e} and {ROW} times that")
        kit.write("kernels", results)
    return right


def rotated(case):
    """A call of PyTorch's on other operands each time."""
    sets = max(1, min(20, 1 + CACHE // case.bytes))
    operands = [case.operands] + [{k: t.clone() for k, t in case.operands.items()} for _ in range(sets - 1)]
    count = 0
    def call():
        nonlocal count
        count += 1
        return case.rival(operands[count % sets])
    return call


def time(named, device, ceilings):
    results = {}
    for cases in batches(named):
        to = kit.scratch() / "times.json"
        kit.java("KernelRuns", "time", save(cases), to).check_returncode()
        ours = json.loads(to.read_text())
        for c in cases:
            r = {"seconds": ours[c.name], "bytes": c.bytes, "flops": c.flops}
            if c.rival:
                try:
                    r["pytorch"] = kit.median_seconds(rotated(c), device)
                except Exception as e:
                    r["pytorch"] = repr(e)[:200]
            if isinstance(r["seconds"], float) and ceilings:
                floor = max(c.bytes / ceilings["bytes a second"], c.flops / ceilings["flops a second"])
                r["share"] = floor / r["seconds"]
            results[c.name] = r
        kit.write("times", results)


def sanitize(named, device):
    """Small shapes under compute-sanitizer: accesses outside of memory, then races in shared memory."""
    if kit.emulated():
        kit.write("sanitizer", "left out: the emulator checks by itself")
        return True
    results = {}
    for tool in ("memcheck", "racecheck"):
        log = kit.out() / f"{tool}.log"
        wrapper = ["compute-sanitizer", "--tool", tool, "--target-processes", "all", "--error-exitcode", "9",
                   "--log-file", log]
        to = kit.scratch() / "sanitized.safetensors"
        code = kit.java("KernelRuns", "check", save([make(n) for n, make in named.items()]), to, wrapper=wrapper).returncode
        results[tool] = {"code": code, "said": log.read_text()[-2000:] if log.exists() else ""}
        log.unlink(missing_ok=True)
        kit.write("sanitizer", results)
    return [r["code"] for r in results.values()] == [0, 0]


def main(what):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    named = makers(Maker(device, kit.seed()), kit.emulated() or what == "sanitize")
    with torch.no_grad():
        if what == "check":
            return check(named, device)
        if what == "sanitize":
            return sanitize(named, device)
        time(named, device, kit.results().get("facts", {}).get("ceilings"))
    return True


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1]) else 1)
