"""The table of a run, at most 80 lines, or what changed between two.

    table.py RESULTS.json
    table.py BEFORE.json AFTER.json
"""

import json
import pathlib
import sys

LINES = 80


def number(x):
    return isinstance(x, (int, float))


def of(results):
    lines = []
    facts = results.get("facts", {})
    for key in ("commit", "gpu", "internvl4j", "torch"):
        lines.append(f"{key}: {facts.get(key, 'unknown')}")
    c = facts.get("ceilings")
    if c:
        lines.append(f"ceilings: copy {c['copied bytes a second'] / 1e12:.2f} TB/s, read {c['read bytes a second'] / 1e12:.2f} TB/s, "
                     f"product {c['flops a second'] / 1e12:.0f} TFLOP/s")
    lines += [f"stage {name}: {outcome}" for name, outcome in results.get("stages", {}).items()]
    lines.append(wrong_of("wrappers", results, lambda right: None if right else ""))
    lines.append(wrong_of("kernels", results, lambda k: None if k["right"] else f" {k['error']:.1e}"))
    models = model_lines(results)
    lines += time_lines(results.get("times", {}), LINES - len(lines) - len(models))
    return "\n".join((lines + models)[:LINES])


def wrong_of(part, results, why):
    """How many there were, and which were wrong."""
    if part not in results:
        return f"{part}: not run"
    wrong = [name + why(r) for name, r in results[part].items() if why(r) is not None]
    named = "; ".join(wrong[:12]) or "none"
    return f"{part}: {len(results[part])}, wrong: {len(wrong)} ({named})"


def time_lines(times, room):
    """The ones furthest from their floor, where not all fit."""
    timed = {n: t for n, t in times.items() if number(t["seconds"])}
    lines = [f"{n}: {t['seconds']}"[:120] for n, t in times.items() if n not in timed]
    header = f"{'kernel':34} {'µs':>9} {'GB/s':>7} {'TFLOP/s':>8} {'floor %':>8} {'PyTorch µs':>11} {'ratio':>6}"
    chosen = sorted(timed, key=lambda n: timed[n].get("share", 0))[:max(0, room - len(lines) - 1)]
    for name in sorted(chosen):
        t = timed[name]
        theirs = t.get("pytorch")
        lines.append(f"{name:34} {t['seconds'] * 1e6:9.1f} {t['bytes'] / t['seconds'] / 1e9:7.0f} "
                     f"{t['flops'] / t['seconds'] / 1e12:8.1f} " + (f"{100 * t['share']:8.1f} " if "share" in t else f"{'-':>8} ")
                     + (f"{theirs * 1e6:11.1f} {theirs / t['seconds']:6.2f}" if number(theirs) else f"{'-':>11} {'-':>6}"))
    return [header, *lines] if lines else []


def model_lines(results):
    lines = []
    for part, ours in results.items():
        if not part.endswith("-ours"):
            continue
        model = part.removesuffix("-ours")
        q = results.get(f"{model}-quality", {})
        lines.append(f"{model}: NMSE of image tokens {q.get('image nmse', float('nan')):.1e}, logits "
                     f"{q.get('logits nmse', float('nan')):.1e}, greedy {q.get('greedy agreed')} of "
                     f"{q.get('greedy of')}; ms: ours, eager, compiled")
        others = [results.get(f"{model}-{label}", {}) for label in ("eager", "compiled")]
        for what, seconds in ours.items():
            cells = [f"{seconds * 1e3:10.2f}"]
            for other in others:
                theirs = other.get(what)
                cells.append(f"{theirs * 1e3:10.2f} ({theirs / seconds:5.2f}x)" if number(theirs) else f"{'-':>10}         ")
            lines.append(f"  {what:30} {' '.join(cells)}")
    return lines


def change(before, after):
    """What moved by more than a twentieth."""
    lines = []
    for name, t in after.get("times", {}).items():
        old = before.get("times", {}).get(name, {}).get("seconds")
        if number(old) and number(t["seconds"]) and not 0.95 < t["seconds"] / old < 1.05:
            lines.append(f"{name:34} {old * 1e6:9.1f} → {t['seconds'] * 1e6:9.1f} µs ({old / t['seconds']:.2f}x)")
    for part, times in after.items():
        for what, seconds in times.items() if part.endswith("-ours") else ():
            old = before.get(part, {}).get(what)
            if number(old) and not 0.95 < seconds / old < 1.05:
                lines.append(f"{part} {what:30} {old * 1e3:9.2f} → {seconds * 1e3:9.2f} ms ({old / seconds:.2f}x)")
    return "\n".join(lines) or "nothing moved by more than 5 %"


if __name__ == "__main__":
    read = [json.loads(pathlib.Path(p).read_text()) for p in sys.argv[1:]]
    print(of(read[0]) if len(read) == 1 else change(*read))
