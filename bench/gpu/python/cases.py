"""Every kernel on shapes of the four models: operands, the reference in float64, what PyTorch has for it."""

import math

import torch
import torch.nn.functional as F

DECODERS = {
    "1b": dict(hidden=896, heads=14, kv=2, width=64, mlp=4864, vocabulary=151_655),
    "2b": dict(hidden=2048, heads=16, kv=8, width=128, mlp=8192, vocabulary=92_553),
    "8b": dict(hidden=4096, heads=32, kv=8, width=128, mlp=14_336, vocabulary=92_553),
    "26b": dict(hidden=6144, heads=48, kv=8, width=128, mlp=16_384, vocabulary=92_553),
    "tiny-1b": dict(hidden=64, heads=4, kv=1, width=16, mlp=104, vocabulary=63),
    "tiny-2b": dict(hidden=64, heads=4, kv=2, width=16, mlp=96, vocabulary=61),
    "tiny-26b": dict(hidden=96, heads=4, kv=2, width=24, mlp=128, vocabulary=61),
}
TOWERS = {
    "vit-300m": dict(hidden=1024, heads=16, width=64, mlp=4096, grid=32),
    "vit-6b": dict(hidden=3200, heads=25, width=128, mlp=12_800, grid=32),
    "tiny-vit-300m": dict(hidden=48, heads=3, width=16, mlp=64, grid=4),
    "tiny-vit-6b": dict(hidden=64, heads=2, width=32, mlp=96, grid=4),
}
ONE_ROUNDING, CHAIN = 4e-3, 1e-2  # of the norm, bf16


class Case:
    """One call of a kernel.

    operands: name -> tensor, y among them, filled with NaN
    reference: float64 operands -> float64 result
    rival: what PyTorch offers, or None
    flops, bytes: the least that a call must do
    """

    def __init__(self, name, kernel, operands, reference, rival=None, flops=0, tolerance=CHAIN, **numbers):
        self.name, self.kernel, self.operands, self.numbers = name, kernel, operands, numbers
        self.reference, self.rival, self.flops, self.tolerance = reference, rival, flops, tolerance
        self.bytes = sum(t.numel() * t.element_size() for t in operands.values())

    def listing(self):
        return {"name": self.name, "kernel": self.kernel, **self.numbers}


class Maker:
    def __init__(self, device, seed):
        self.device = device
        self.random = torch.Generator(device).manual_seed(seed)

    def noise(self, *shape, scale=1.0):
        return (torch.randn(*shape, generator=self.random, device=self.device) * scale).to(torch.bfloat16)

    def nothing(self, *shape, dtype=torch.bfloat16):
        if not dtype.is_floating_point:
            return torch.full(shape, 7, dtype=dtype, device=self.device)
        return torch.full(shape, float("nan"), dtype=dtype, device=self.device)

    def weight(self, out, inputs):
        return self.noise(out, inputs, scale=1 / math.sqrt(inputs))

    # ---- products

    def linear(self, name, rows, inputs, out, bias=False):
        o = dict(x=self.noise(rows, inputs), weight=self.weight(out, inputs), y=self.nothing(rows, out))
        if bias:
            o["bias"] = self.noise(out)
        return Case(name, "mat_mul", o, lambda t: F.linear(t["x"], t["weight"], t.get("bias")),
                    lambda t: F.linear(t["x"], t["weight"], t.get("bias")), 2 * rows * inputs * out, ONE_ROUNDING)

    def gelu(self, name, rows, inputs, out):
        o = dict(x=self.noise(rows, inputs), weight=self.weight(out, inputs), bias=self.noise(out),
                 y=self.nothing(rows, out))
        f = lambda t: F.gelu(F.linear(t["x"], t["weight"], t["bias"]))
        return Case(name, "mat_mul_gelu", o, f, f, 2 * rows * inputs * out)

    def residual(self, name, rows, inputs, out, scaled=False):
        o = dict(x=self.noise(rows, inputs), weight=self.weight(out, inputs), residual=self.noise(rows, out),
                 y=self.nothing(rows, out))
        if scaled:
            o |= dict(bias=self.noise(out), scale=self.noise(out))
        def f(t):
            p = F.linear(t["x"], t["weight"], t.get("bias"))
            return t["residual"] + (p * t["scale"] if scaled else p)
        return Case(name, "mat_mul_add", o, f, f, 2 * rows * inputs * out)

    def swi_glu_product(self, name, rows, inputs, out):
        o = dict(x=self.noise(rows, inputs), weight=self.weight(out, inputs), up=self.weight(out, inputs),
                 y=self.nothing(rows, out))
        f = lambda t: F.silu(F.linear(t["x"], t["weight"])) * F.linear(t["x"], t["up"])
        return Case(name, "mat_mul_swi_glu", o, f, f, 4 * rows * inputs * out)

    def normed(self, name, rows, inputs, out):
        o = dict(x=self.noise(rows, inputs), h=self.nothing(rows, inputs), norm=self.noise(inputs),
                 weight=self.weight(out, inputs), bias=self.noise(out), y=self.nothing(rows, out))
        f = lambda t: F.linear(F.rms_norm(t["x"], (inputs,), t["norm"], 1e-6), t["weight"], t["bias"])
        return Case(name, "rms_norm_mat_mul", o, f, f, 2 * rows * inputs * out)

    def normed_swi_glu(self, name, rows, inputs, out):
        o = dict(x=self.noise(rows, inputs), h=self.nothing(rows, inputs), norm=self.noise(inputs),
                 weight=self.weight(out, inputs), up=self.weight(out, inputs), y=self.nothing(rows, out))
        def f(t):
            h = F.rms_norm(t["x"], (inputs,), t["norm"], 1e-6)
            return F.silu(F.linear(h, t["weight"])) * F.linear(h, t["up"])
        return Case(name, "rms_norm_mat_mul_swi_glu", o, f, f, 4 * rows * inputs * out)

    # ---- attention

    def cached_attention(self, name, queries, keys, heads, kv, width, past, batch=1):
        o = dict(q=self.noise(batch, queries, heads, width), k=self.noise(batch, kv, keys, width),
                 v=self.noise(batch, kv, keys, width), y=self.nothing(batch, queries, heads, width))
        def f(t):
            k = t["k"].repeat_interleave(heads // kv, 1)
            v = t["v"].repeat_interleave(heads // kv, 1)
            seen = torch.arange(keys, device=k.device)[None] <= past + torch.arange(queries, device=k.device)[:, None]
            scores = (t["q"].transpose(1, 2) @ k.transpose(2, 3) / math.sqrt(width)).masked_fill(~seen, -math.inf)
            return (scores.softmax(-1) @ v).transpose(1, 2)
        square = past == 0 and queries == keys
        mask = None if square or queries == 1 else (
            torch.arange(keys, device=self.device)[None] <= past + torch.arange(queries, device=self.device)[:, None])
        def rival(t):
            return F.scaled_dot_product_attention(t["q"].transpose(1, 2), t["k"], t["v"], attn_mask=mask,
                                                  is_causal=square and queries > 1, enable_gqa=heads != kv)
        pairs = sum(min(keys, past + i + 1) for i in range(queries))
        return Case(name, "attention", o, f, rival, 4 * batch * pairs * heads * width, past=past)

    def table(self, pages):
        return torch.randperm(pages, generator=self.random, device=self.device).to(torch.int32)

    def paged_attention(self, name, queries, heads, kv, width, past):
        """Keys and values in pages of 64 in no order, the last one not full."""
        keys = past + queries
        pages = (keys + 63) // 64
        o = dict(q=self.noise(queries, heads, width), k=self.noise(pages, kv, 64, width),
                 v=self.noise(pages, kv, 64, width), table=self.table(pages), y=self.nothing(queries, heads, width))
        def rows(t, x):
            return t[x][t["table"].long()].transpose(1, 2).reshape(pages * 64, kv, width)[:keys].transpose(0, 1)
        seen = torch.arange(keys, device=self.device)[None] <= past + torch.arange(queries, device=self.device)[:, None]
        def f(t):
            k, v = (rows(t, x).repeat_interleave(heads // kv, 0) for x in "kv")
            scores = (t["q"].transpose(0, 1) @ k.transpose(1, 2) / math.sqrt(width)).masked_fill(~seen, -math.inf)
            return (scores.softmax(-1) @ v).transpose(0, 1)
        pairs = sum(past + i + 1 for i in range(queries))
        return Case(name, "attention_paged", o, f, None, 4 * pairs * heads * width, past=past)

    def attention_of_sequences(self, name, sequences, heads, kv, width, past):
        """A query each; pages of all in one pool, in no order."""
        pages = past // 64 + 1
        o = dict(q=self.noise(sequences, heads, width), k=self.noise(sequences * pages, kv, 64, width),
                 v=self.noise(sequences * pages, kv, 64, width), table=self.table(sequences * pages),
                 at=torch.tensor([past], dtype=torch.int32, device=self.device), y=self.nothing(sequences, heads, width))
        def rows(t, x):
            rows = t[x][t["table"].long()].view(sequences, pages, kv, 64, width).transpose(2, 3)
            return rows.reshape(sequences, pages * 64, kv, width)[:, :past + 1].transpose(1, 2)
        def f(t):
            k, v = (rows(t, x).repeat_interleave(heads // kv, 1) for x in "kv")
            scores = t["q"][:, :, None] @ k.transpose(2, 3) / math.sqrt(width)
            return (scores.softmax(-1) @ v)[:, :, 0]
        return Case(name, "attention_of_sequences", o, f, None, 4 * sequences * (past + 1) * heads * width)

    def tower_attention(self, name, tiles, tokens, heads, width):
        o = dict(qkv=self.noise(tiles, tokens, 3, heads, width), y=self.nothing(tiles, tokens, heads, width))
        def f(t):
            q, k, v = (t["qkv"][:, :, i].transpose(1, 2) for i in range(3))
            return ((q @ k.transpose(2, 3) / math.sqrt(width)).softmax(-1) @ v).transpose(1, 2)
        def rival(t):
            return F.scaled_dot_product_attention(*(t["qkv"][:, :, i].transpose(1, 2) for i in range(3)))
        return Case(name, "attention", o, f, rival, 4 * tiles * tokens * tokens * heads * width)

    # ---- rows and elements

    def norm(self, name, kernel, rows, width):
        o = dict(x=self.noise(rows, width), weight=self.noise(width), y=self.nothing(rows, width))
        if kernel == "layer_norm":
            o["bias"] = self.noise(width)
            f = lambda t: F.layer_norm(t["x"], (width,), t["weight"], t["bias"], 1e-6)
        else:
            f = lambda t: F.rms_norm(t["x"], (width,), t["weight"], 1e-6)
        return Case(name, kernel, o, f, f)

    def qk_norm(self, name, rows, width):
        o = dict(x=self.noise(rows, 3, width), q_weight=self.noise(width), k_weight=self.noise(width),
                 y=self.nothing(rows, 3, width))
        def f(t):
            q, k, v = t["x"].unbind(1)
            return torch.stack((F.rms_norm(q, (width,), t["q_weight"], 1e-6),
                                F.rms_norm(k, (width,), t["k_weight"], 1e-6), v), 1)
        return Case(name, "qk_rms_norm", o, f, f)

    def map(self, name, kernel, f, rows, width, tolerance=ONE_ROUNDING):
        o = dict(x=self.noise(rows, width), y=self.nothing(rows, width))
        return Case(name, kernel, o, lambda t: f(t["x"]), lambda t: f(t["x"]), tolerance=tolerance)

    def zip(self, name, kernel, f, rows, width):
        o = dict(a=self.noise(rows, width), b=self.noise(rows, width), y=self.nothing(rows, width))
        return Case(name, kernel, o, lambda t: f(t["a"], t["b"]), lambda t: f(t["a"], t["b"]))

    def arg_max(self, name, rows, width):
        o = dict(x=self.noise(rows, width), y=self.nothing(rows, dtype=torch.int32))
        return Case(name, "arg_max", o, lambda t: (t["x"] == t["x"].amax(-1, keepdim=True)).int().argmax(-1),
                    lambda t: t["x"].argmax(-1), tolerance=0)

    def dot(self, name, rows, width):
        o = dict(x=self.noise(rows, width), vector=self.noise(width), y=self.nothing(rows, dtype=torch.float32))
        return Case(name, "dot", o, lambda t: t["x"] @ t["vector"], lambda t: t["x"] @ t["vector"])

    def sample(self, name, answers, width):
        """A token an answer, some of which it has said: temperature 0.8, top-k 50, top-p 0.9, penalty 1.1."""
        o = dict(x=self.noise(answers, width, scale=4), y=self.nothing(answers, dtype=torch.int32),
                 guesses=torch.zeros(answers, dtype=torch.int32, device=self.device),
                 options=torch.tensor([[0.8, 50, 0.9, 1.1]] * answers, device=self.device),
                 draws=torch.tensor([[7 + a, a] for a in range(answers)], device=self.device),
                 said=torch.randint(0, 2, (answers, width), generator=self.random, device=self.device, dtype=torch.uint8))
        def rival(t):
            x = t["x"].float()
            x = torch.where(t["said"] > 0, torch.where(x > 0, x / 1.1, x * 1.1), x) / 0.8
            most, ids = x.topk(50)
            p = most.softmax(-1)
            p = p.masked_fill(p.cumsum(-1) - p >= 0.9, 0)
            return ids.gather(-1, p.multinomial(1))
        case = Case(name, "sample", o, sampled, rival, tolerance=0)
        case.bytes = answers * width * 3
        return case

    def rope(self, name, tokens, heads, width):
        angles = torch.rand(tokens, width // 2, generator=self.random, device=self.device) * 6
        o = dict(x=self.noise(tokens, heads, width), cos=angles.cos(), sin=angles.sin(),
                 y=self.nothing(tokens, heads, width))
        def f(t):
            left, right = t["x"].chunk(2, -1)
            cos, sin = t["cos"][:, None], t["sin"][:, None]
            return torch.cat((left * cos - right * sin, right * cos + left * sin), -1)
        return Case(name, "rope", o, f)

    def gather(self, name, tokens, width, vocabulary):
        ids = torch.randint(0, vocabulary, (tokens,), generator=self.random, device=self.device)
        o = dict(table=self.noise(vocabulary, width), ids=ids.int(), y=self.nothing(tokens, width))
        case = Case(name, "gather", o, lambda t: t["table"][t["ids"].long()], tolerance=0)
        case.bytes = 4 * tokens * width
        return case

    def patches(self, name, tiles, side, patch):
        o = dict(x=self.noise(tiles, 3, side, side), y=self.nothing(tiles, (side // patch) ** 2, 3 * patch * patch))
        f = lambda t: F.unfold(t["x"], patch, stride=patch).transpose(1, 2)
        return Case(name, "patches", o, f, f, tolerance=0, patch=patch)

    def taps(self, size, out):
        """A row a sample of the result: the first sample it reads, then weights that sum to 2^22."""
        count = min(size, 2 * math.ceil(2 * max(1, size / out)) + 1)
        first = torch.arange(out, device=self.device) * (size - count) // max(1, out - 1)
        weights = torch.randint(-(2 ** 18), 2 ** 22 // count * 2, (out, count), generator=self.random, device=self.device)
        weights[:, -1] = 2 ** 22 - weights[:, :-1].sum(1)
        return torch.cat((first[:, None], weights), 1).int()

    def pixels(self, *shape):
        return torch.randint(0, 256, shape, generator=self.random, device=self.device, dtype=torch.uint8)

    def resize_rows(self, name, height, size, out):
        o = dict(x=self.pixels(height, size, 3), taps=self.taps(size, out),
                 y=self.nothing(height, out, 3, dtype=torch.uint8))
        f = lambda t: resized(t["x"], t["taps"].long(), 1)
        return Case(name, "resize_rows", o, f, tolerance=0)

    def image_tiles(self, name, size, rows, columns, side):
        values = torch.randn(3, 256, generator=self.random, device=self.device)
        o = dict(x=self.pixels(size, columns * side, 3), taps=self.taps(size, rows * side), values=values,
                 y=self.nothing(rows * columns, 3, side, side))
        def f(t):
            x = resized(t["x"], t["taps"].long(), 0).view(rows, side, columns, side, 3)
            x = x.permute(0, 2, 4, 1, 3).reshape(rows * columns, 3, side * side)
            return torch.stack([t["values"][c][x[:, c]] for c in range(3)], 1).view(-1, 3, side, side)
        return Case(name, "image_tiles", o, f, tolerance=ONE_ROUNDING)

    def pixel_shuffle(self, name, tiles, grid, width):
        o = dict(x=self.noise(tiles, grid, grid, width), y=self.nothing(tiles, grid // 2, grid // 2, 4 * width))
        f = lambda t: shuffled(t["x"])
        return Case(name, "pixel_shuffle", o, f, f, tolerance=0)

    def pixel_shuffle_norm(self, name, tiles, grid, width):
        o = dict(x=self.noise(tiles, grid, grid, width), weight=self.noise(4 * width), bias=self.noise(4 * width),
                 y=self.nothing(tiles, grid // 2, grid // 2, 4 * width))
        f = lambda t: F.layer_norm(shuffled(t["x"]), (4 * width,), t["weight"], t["bias"], 1e-6)
        return Case(name, "pixel_shuffle_layer_norm", o, f, f)

    def copy(self, name, rows, width):
        o = dict(x=self.noise(rows, width), y=self.nothing(rows, width))
        return Case(name, "copy", o, lambda t: t["x"], tolerance=0)

    def put_rows(self, name, table, rows, width, at):
        o = dict(x=self.noise(rows, width), y=self.noise(table, width),
                 at=torch.tensor([at], dtype=torch.int32, device=self.device))
        def f(t):
            y = t["y"].clone()
            y[at:at + rows] = t["x"]
            return y
        case = Case(name, "put_rows", o, f, tolerance=0)
        case.bytes = 4 * rows * width
        return case

    def advance(self, name, count, by):
        o = dict(y=torch.arange(count, dtype=torch.int32, device=self.device))
        return Case(name, "advance", o, lambda t: t["y"] + by, tolerance=0, by=by)

    def places(self, tokens, width, at):
        """Angles of as many places as there are tokens: those of place p are in row p mod tokens."""
        angles = torch.rand(tokens, width // 2, generator=self.random, device=self.device) * 6
        return dict(cos=angles.cos(), sin=angles.sin(), at=torch.tensor([at], dtype=torch.int32, device=self.device))

    def rope_append(self, name, tokens, heads, kv, width, at):
        """y holds rotated queries from row 0 on and, beside them, keys and values in pages of 64."""
        pages = (at + tokens + 63) // 64
        o = dict(x=self.noise(tokens, heads + 2 * kv, width), y=self.noise(pages * 64, heads + 2 * kv, width),
                 table=self.table(pages), **self.places(tokens, width, at))
        def f(t):
            queries, keys = turned(t, t["x"], heads, kv, at)
            y = t["y"].clone()
            y[:tokens, :heads] = queries
            to = in_pages(t["table"], at, tokens)
            y[to, heads:heads + kv] = keys
            y[to, heads + kv:] = t["x"][:, heads + kv:]
            return y
        case = Case(name, "rope_append", o, f, kv=kv)
        case.bytes = 4 * tokens * (heads + 2 * kv) * width
        return case

    def projection(self, name, tokens, inputs, heads, kv, width, at):
        """y holds rotated queries from row 0 on and, behind these rows, pages of 64 with keys and values side by side."""
        pages, all = (at + tokens + 63) // 64, heads + 2 * kv
        o = dict(x=self.noise(tokens, inputs), h=self.nothing(tokens, inputs), norm=self.noise(inputs),
                 weight=self.weight(all * width, inputs), bias=self.noise(all * width),
                 y=self.noise(tokens + pages * 64, all, width), table=self.table(pages), **self.places(tokens, width, at))
        def f(t):
            x = F.linear(F.rms_norm(t["x"], (inputs,), t["norm"], 1e-6), t["weight"], t["bias"]).view(tokens, all, width)
            queries, keys = turned(t, x, heads, kv, at)
            y = t["y"].clone()
            y[:tokens, :heads] = queries
            y[:tokens, heads:] = float("nan")  # not said
            to = tokens + in_pages(t["table"], at, tokens)
            y[to, :kv] = keys
            y[to, kv:2 * kv] = x[:, heads + kv:]
            return y
        case = Case(name, "rms_norm_mat_mul_rope_append", o, f, flops=2 * tokens * inputs * all * width, kv=kv)
        case.bytes = 2 * all * width * inputs
        return case


def shuffled(x):
    """The four tokens of a 2 x 2 cell side by side."""
    tiles, grid, _, width = x.shape
    x = x.view(tiles, grid // 2, 2, grid // 2, 2, width)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(tiles, grid // 2, grid // 2, 4 * width)


def turned(t, x, heads, kv, at):
    """Queries and keys, rotated."""
    left, right = x[:, :heads + kv].chunk(2, -1)
    cos, sin = (t[name].roll(-at, 0)[:, None] for name in ("cos", "sin"))
    x = torch.cat((left * cos - right * sin, right * cos + left * sin), -1)
    return x[:, :heads], x[:, heads:]


def in_pages(table, at, tokens):
    """Which rows of pages of 64 tokens have."""
    to = torch.arange(at, at + tokens, device=table.device)
    return table.long()[to // 64] * 64 + to % 64


def sampled(t):
    """The tokens of Kernels.sample, in the integers that it defines."""
    tokens = []
    for x, said, draws, options in zip(t["x"].cpu().float(), t["said"].cpu(), t["draws"].tolist(), t["options"].cpu().float()):
        temperature, top_k, top_p, penalty = options
        x = torch.where(said > 0, torch.where(x > 0, x / penalty, x * penalty), x)
        x, ids = x.sort(descending=True, stable=True)
        x = x[:int(top_k)]
        octaves = ((x[0] - x) * (torch.tensor(24204406.) / temperature)).long()  # with 24 fraction bits
        weight = torch.tensor(117063)
        for c in (1368751, 10285566, 59582747, 257938951, 744260993, 1 << 30):
            weight = c - (weight * (octaves & (1 << 24) - 1) >> 24)
        weight = torch.where(octaves < 41 << 24, weight << 10 >> (octaves >> 24).clamp(max=63), 0)
        weight[x == x[0]] = 1 << 40
        ends = weight.cumsum(0)
        part = max(1, int(top_p * 2 ** 32))
        last = (int(ends[-1]) * part - 1) >> 32
        ends = ends[:1 + int((ends > last).int().argmax())]
        seed, count = draws
        z = seed + 0x9e3779b97f4a7c15 * (count + 1) & 2 ** 64 - 1
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 & 2 ** 64 - 1
        z = (z ^ z >> 27) * 0x94d049bb133111eb & 2 ** 64 - 1
        drawn = int(ends[-1]) * (z ^ z >> 31) >> 64
        tokens.append(int(ids[(ends > drawn).int().argmax()]))
    return torch.tensor(tokens)


def resized(x, taps, axis):
    """One pass of a resize in fixed point, in integers."""
    shape = [1, 1, 1]
    shape[axis] = -1
    total = sum(x.index_select(axis, taps[:, 0] + j).long() * taps[:, 1 + j].view(shape) for j in range(taps.shape[1] - 1))
    return (total + 2 ** 21 >> 22).clamp(0, 255)


def makers(m, tiny):
    """Name -> maker, all of them; a case is made when it is asked for, since together they would not fit."""
    named = {}
    few = (1, 4, 12, 24, 40) if tiny else (1, 4, 16, 32, 64)
    past = 40 if tiny else 2047
    prompts = (70,) if tiny else (512, 3400)
    for model, d in DECODERS.items():
        if model.startswith("tiny") != tiny:
            continue
        hidden, heads, kv, width, mlp = (d[k] for k in ("hidden", "heads", "kv", "width", "mlp"))
        qkv = (heads + 2 * kv) * width
        for rows in (*few, *prompts):
            at = f"{model}/{{}} {rows}"
            named[at.format("qkv")] = lambda n, r=rows, i=hidden, o=qkv: m.linear(n, r, i, o, bias=True)
            named[at.format("out")] = lambda n, r=rows, i=heads * width, o=hidden: m.residual(n, r, i, o)
            named[at.format("gate_up")] = lambda n, r=rows, i=hidden, o=mlp: m.swi_glu_product(n, r, i, o)
            named[at.format("down")] = lambda n, r=rows, i=mlp, o=hidden: m.residual(n, r, i, o)
            named[at.format("rms_norm")] = lambda n, r=rows, w=hidden: m.norm(n, "rms_norm", r, w)
        for rows in few[:2]:
            at = f"{model}/{{}} {rows}"
            named[at.format("norm qkv")] = lambda n, r=rows, i=hidden, o=qkv: m.normed(n, r, i, o)
            named[at.format("norm gate_up")] = lambda n, r=rows, i=hidden, o=mlp: m.normed_swi_glu(n, r, i, o)
            named[f"{model}/head {rows}"] = lambda n, r=rows, i=hidden, o=d["vocabulary"]: m.linear(n, r, i, o)
            named[f"{model}/arg_max {rows}"] = lambda n, r=rows, w=d["vocabulary"]: m.arg_max(n, r, w)
            named[f"{model}/sample {rows}"] = lambda n, r=rows, w=d["vocabulary"]: m.sample(n, r, w)
        a = dict(heads=heads, kv=kv, width=width)
        for rows in few[:2]:
            named[f"{model}/projection {rows}"] = lambda n, r=rows, i=hidden, a=a: m.projection(n, r, i, **a, at=90)
        named[f"{model}/attention step"] = lambda n, a=a: m.cached_attention(n, 1, past + 1, past=past, **a)
        named[f"{model}/attention step x8"] = lambda n, a=a: m.cached_attention(n, 1, past + 1, past=past, batch=8, **a)
        for rows in prompts:
            named[f"{model}/attention {rows}"] = lambda n, r=rows, a=a: m.cached_attention(n, r, r, past=0, **a)
        named[f"{model}/attention behind"] = lambda n, r=prompts[0], a=a: m.cached_attention(n, r, r + 33, past=33, **a)
        for count in (3,) if tiny else (8, 32):
            named[f"{model}/attention_of_sequences {count}"] = lambda n, c=count, a=a: m.attention_of_sequences(n, c, past=past, **a)
        for rows in (1, *prompts):
            named[f"{model}/attention_paged {rows}"] = lambda n, r=rows, a=a: m.paged_attention(n, r, past=past, **a)
        named[f"{model}/rope"] = lambda n, r=prompts[-1], h=heads, w=width: m.rope(n, r, h, w)
        named[f"{model}/rope_append"] = lambda n, r=prompts[0], a=a: m.rope_append(n, r, **a, at=5)
        named[f"{model}/gather"] = lambda n, r=prompts[-1], w=hidden, v=d["vocabulary"]: m.gather(n, r, w, v)
        named[f"{model}/advance"] = lambda n: m.advance(n, 32, 5)
        named[f"{model}/put_rows"] = lambda n, r=prompts[0], w=kv * width: m.put_rows(n, 2 * r, r, w, 5)
    for model, d in TOWERS.items():
        if model.startswith("tiny") != tiny:
            continue
        hidden, mlp, tokens = d["hidden"], d["mlp"], d["grid"] ** 2 + 1
        for tiles in (2,) if tiny else (1, 13):
            rows = tiles * tokens
            at = f"{model}/{{}} {tiles}"
            named[at.format("qkv")] = lambda n, r=rows, h=hidden: m.linear(n, r, h, 3 * h, bias=True)
            named[at.format("proj")] = lambda n, r=rows, h=hidden: m.residual(n, r, h, h, scaled=True)
            named[at.format("fc1")] = lambda n, r=rows, h=hidden, o=mlp: m.gelu(n, r, h, o)
            named[at.format("fc2")] = lambda n, r=rows, h=hidden, i=mlp: m.residual(n, r, i, h, scaled=True)
            named[at.format("attention")] = lambda n, t=tiles, k=tokens, d=d: m.tower_attention(n, t, k, d["heads"], d["width"])
            named[at.format("qk_rms_norm")] = lambda n, r=rows, h=hidden: m.qk_norm(n, r, h)
            named[at.format("layer_norm")] = lambda n, r=rows, h=hidden: m.norm(n, "layer_norm", r, h)
            named[at.format("pixel_shuffle_norm")] = lambda n, t=tiles, g=d["grid"], h=hidden: m.pixel_shuffle_norm(n, t, g, h)
            named[at.format("pixel_shuffle")] = lambda n, t=tiles, g=d["grid"], h=hidden: m.pixel_shuffle(n, t, g, h)
    rows, width = (37, 72) if tiny else (8192, 8192)  # 128 MiB and more
    named["large/layer_norm"] = lambda n: m.norm(n, "layer_norm", rows, width)
    named["large/rms_norm"] = lambda n: m.norm(n, "rms_norm", rows, width)
    named["large/swi_glu"] = lambda n: m.zip(n, "swi_glu", lambda a, b: F.silu(a) * b, rows, width)
    named["large/add"] = lambda n: m.zip(n, "add", torch.add, rows, width)
    named["large/mul"] = lambda n: m.zip(n, "mul", torch.mul, rows, width)
    named["large/gelu"] = lambda n: m.map(n, "gelu", F.gelu, rows, width)
    named["large/silu"] = lambda n: m.map(n, "silu", F.silu, rows, width)
    named["large/softmax"] = lambda n: m.map(n, "softmax", lambda x: x.softmax(-1), rows, width)
    named["large/dot"] = lambda n: m.dot(n, rows, width)
    named["large/copy"] = lambda n: m.copy(n, rows, width)
    named["large/patches"] = lambda n: m.patches(n, 1 if tiny else 13, 28 if tiny else 448, 14)
    named["large/resize_rows"] = lambda n: m.resize_rows(n, 40 if tiny else 3024, 50 if tiny else 4032, 28 if tiny else 1792)
    named["large/image_tiles"] = lambda n: m.image_tiles(n, 40 if tiny else 3024, 3, 4, 28 if tiny else 448)
    return named
