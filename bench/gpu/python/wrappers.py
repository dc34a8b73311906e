"""Stage 1: each wrapper of inline assembly against what it stands for, computed here."""

import subprocess
import sys

import numpy as np

import kit
from driver import Driver

SOURCES = kit.HOME / "cuda-src"


def image(name, architecture):
    """The machine code of one file, compiled here; for the CPU it has been."""
    if kit.emulated():
        return (SOURCES / f"target/emulated/{name}.so").read_bytes()
    to = kit.scratch() / f"{name}.cubin"
    subprocess.run(["nvcc", "-std=c++17", "-O3", f"-I{SOURCES}/include", "-cubin", f"-arch={architecture}",
                    SOURCES / f"emu/{name}.cu", "-o", to], check=True)
    return to.read_bytes()


def bf16(x):
    """Bits, rounded to nearest even."""
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def wide(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def pairs(low, high):
    return low.astype(np.uint32) | high.astype(np.uint32) << 16


def convert(d, module, random):
    x = np.concatenate([random.normal(size=28), [0, -0.0, 1e-3, 1 + 2**-8]]).astype(np.float32)
    at, out, powers = d.upload(x.tobytes()), d.upload(bytes(512)), d.upload(bytes(128))
    d.launch(module, "wrap_convert", (1, 1, 1), (32, 1, 1), 0, at, out, powers)
    got = np.frombuffer(d.download(out, 512), np.uint32).reshape(32, 4)
    half = x.astype(np.float16).view(np.uint16)
    want = np.stack([bf16(x), half, pairs(bf16(x), bf16(-x)), half], 1)
    yield "bf16", np.array_equal(got[:, 0], want[:, 0])
    yield "f16", np.array_equal(got[:, 1], want[:, 1])
    yield "pack_bf16", np.array_equal(got[:, 2], want[:, 2])
    yield "f16 and back, load_l2", np.array_equal(got[:, 3], want[:, 3])
    exact = np.exp2(x.astype(np.float64))
    yield "fast_exp2", np.all(np.abs(np.frombuffer(d.download(powers, 128), np.float32) / exact - 1) < 2**-21)


def mma(d, module, random):
    a, b, start = (bf16(random.normal(size=s)) for s in ((16, 16), (8, 16), (16, 8)))
    start = wide(start)
    lane = np.arange(32)
    g, t = lane // 4, lane % 4 * 2
    left = np.stack([pairs(a[g + r, t + c], a[g + r, t + c + 1]) for c in (0, 8) for r in (0, 8)], 1)
    right = np.stack([pairs(b[g, t + c], b[g, t + c + 1]) for c in (0, 8)], 1)
    spread = lambda m: np.stack([m[g + r, t + c] for r in (0, 8) for c in (0, 1)], 1)
    sums = d.upload(spread(start).astype(np.float32).tobytes())
    d.launch(module, "wrap_mma", (1, 1, 1), (32, 1, 1), 0, d.upload(left.tobytes()), d.upload(right.tobytes()), sums)
    got = np.frombuffer(d.download(sums, 512), np.float32).reshape(32, 4)
    want = spread(start + wide(a).astype(np.float64) @ wide(b).T.astype(np.float64))
    yield "mma_16816", np.all(np.abs(got - want) < 1e-4)


def ldmatrix(d, module, random):
    x = random.integers(0, 1 << 16, (4, 8, 8), dtype=np.uint16)
    out = d.upload(bytes(1024))
    d.launch(module, "wrap_ldmatrix", (1, 1, 1), (32, 1, 1), 512, d.upload(x.tobytes()), out)
    got = np.frombuffer(d.download(out, 1024), np.uint32).reshape(32, 8)
    seen = x.copy()
    seen[3, 1::2] = 0
    lane = np.arange(32)
    row, column = lane // 4, lane % 4 * 2
    straight = np.stack([pairs(m[row, column], m[row, column + 1]) for m in seen], 1)
    across = np.stack([pairs(m[column, row], m[column + 1, row]) for m in seen], 1)
    yield "cp_async_16, ldmatrix_x4", np.array_equal(got[:, :4], straight)
    yield "ldmatrix_x4_trans", np.array_equal(got[:, 4:], across)


def sums_of(product):
    """[64, n] as the threads of a warpgroup hold it."""
    n = product.shape[1]
    thread = np.arange(128)[:, None, None, None]
    piece, h, c = np.ogrid[:n // 8, :2, :2]
    return product[thread // 32 * 16 + h * 8 + thread % 32 // 4, piece * 8 + thread % 4 * 2 + c].reshape(128, n // 2)


def wgmma(d, module, random):
    a = bf16(random.normal(size=(64, 64)))
    thread = np.arange(128)
    row, column = thread // 32 * 16 + thread % 32 // 4, thread % 4 * 2
    left = np.stack([pairs(a[row + r, k + column + c], a[row + r, k + column + c + 1])
                     for k in range(0, 64, 16) for c in (0, 8) for r in (0, 8)], 1)
    for n in (128, 176):
        b = bf16(random.normal(size=(n, 64)))
        maps = [d.tensor_map(d.upload(m.tobytes()), m.shape[::-1], m.shape[::-1]) for m in (a, b)]
        yield f"tma_load, mbarriers, wgmma of {n} columns", ends(d, module, f"wrap_keys_{n}", n, maps, a, b.T)
    for n in (64, 128):
        b = bf16(random.normal(size=(64, n)))
        map = d.tensor_map(d.upload(b.tobytes()), (n, 1, 64, 1), (64, 1, 64, 1))
        operands = d.upload(left.astype(np.uint32).tobytes()), map
        yield f"tma_load of 4 dimensions, wgmma of registers, {n} columns", ends(d, module, f"wrap_values_{n}", n, operands, a, b)


def ends(d, module, name, n, operands, a, b):
    out = d.upload(bytes(128 * n * 2))
    d.launch(module, name, (1, 1, 1), (128, 1, 1), 40 << 10, *operands, out)
    got = np.frombuffer(d.download(out, 128 * n * 2), np.float32).reshape(128, n // 2)
    return np.all(np.abs(got - sums_of(wide(a).astype(np.float64) @ wide(b).astype(np.float64))) < 1e-3)


def main():
    d = Driver()
    random = np.random.default_rng(kit.seed())
    major, minor = d.capability()
    architecture = f"sm_{major}{minor}" + ("a" if major == 9 else "")
    portable = d.module(image("wrappers", architecture))
    results = [r for check in (convert, mma, ldmatrix) for r in check(d, portable, random)]
    if major == 9:
        results += wgmma(d, d.module(image("wrappers.sm90", architecture)), random)
    kit.write("wrappers", {name: bool(right) for name, right in results})
    return all(right for _, right in results)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
