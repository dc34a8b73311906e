"""Makes the files beside it: python3 make.py, with PyTorch 2.13.

Small heads with random weights, as training saves them, and in golden.safetensors what PyTorch's own modules make of
random features, in float64. Features are maps of channels, [C, h, w]; logits are [K, h, w].
"""

import json
import struct

import torch
from torch import nn
from torch.nn import functional as F

WIDTH, CLASSES, CHANNELS = 80, 5, 6


def randomise(module, seed):
    g = torch.Generator().manual_seed(seed)
    for name, value in module.state_dict().items():
        if value.dtype == torch.int64:
            value.fill_(7)
        elif name.endswith("running_var"):
            value.copy_(torch.rand(value.shape, generator=g) * 2 + 0.1)
        else:
            fan = value[0].numel() if value.dim() > 1 else 1
            value.copy_(torch.randn(value.shape, generator=g) / fan**0.5 + (0.5 if value.dim() == 1 else 0))
    return module.eval()


def conv(inside, outside, kernel):
    layer = nn.Sequential()
    layer.add_module("conv", nn.Conv2d(inside, outside, kernel, padding=kernel // 2, bias=False))
    layer.add_module("bn", nn.BatchNorm2d(outside))
    layer.add_module("relu", nn.ReLU())
    return layer


class ChannelNorm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class Probe(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(2 * WIDTH, eps=1e-6)
        self.head = nn.Linear(2 * WIDTH, 7)

    def forward(self, x):
        return self.head(self.norm(torch.cat((x[:, 0], x[:, 1:].mean(1)), -1)))


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(WIDTH)
        self.conv_seg = nn.Conv2d(WIDTH, CLASSES, 1)

    def forward(self, x):
        return self.conv_seg(self.norm(x))


class Pyramid(nn.Module):
    def __init__(self):
        super().__init__()
        up = lambda: nn.ConvTranspose2d(WIDTH, WIDTH, 2, 2)
        self.up1 = nn.Sequential(up(), ChannelNorm(WIDTH, eps=1e-6), nn.GELU(), up())
        self.up2 = nn.Sequential(up())

    def forward(self, x):
        return [self.up1(x[0]), self.up2(x[1]), x[2], F.max_pool2d(x[3], 2, 2)]


class UperNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.psp_modules = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(s), conv(WIDTH, CHANNELS, 1)) for s in (1, 2, 3, 6)
        )
        self.bottleneck = conv(WIDTH + 4 * CHANNELS, CHANNELS, 3)
        self.lateral_convs = nn.ModuleList(conv(WIDTH, CHANNELS, 1) for _ in range(3))
        self.fpn_convs = nn.ModuleList(conv(CHANNELS, CHANNELS, 3) for _ in range(3))
        self.fpn_bottleneck = conv(4 * CHANNELS, CHANNELS, 3)
        self.conv_seg = nn.Conv2d(CHANNELS, CLASSES, 1)

    def forward(self, levels):
        like = lambda x, y: F.interpolate(x, size=y.shape[2:], mode="bilinear", align_corners=False)
        top = levels[3]
        maps = [c(x) for c, x in zip(self.lateral_convs, levels)]
        maps.append(self.bottleneck(torch.cat([top] + [like(m(top), top) for m in self.psp_modules], 1)))
        for i in (3, 2, 1):
            maps[i - 1] = maps[i - 1] + like(maps[i], maps[i - 1])
        outs = [c(x) for c, x in zip(self.fpn_convs, maps)] + [maps[3]]
        return self.conv_seg(self.fpn_bottleneck(torch.cat([like(x, outs[0]) for x in outs], 1)))


def write(tensors, file):
    header, data = {}, b""
    for name, t in tensors.items():
        raw = t.detach().to(torch.float32).contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(file, "wb").write(struct.pack("<Q", len(text)) + text + data)


g = torch.Generator().manual_seed(0)
draw = lambda *shape: torch.randn(shape, generator=g)
golden = {}

probe = randomise(Probe(), 1)
torch.save({"model": probe.state_dict(), "epoch": 9}, "probe.pth")
golden["probe.features"] = draw(1, 1 + 16, WIDTH)
golden["probe.logits"] = probe.double()(golden["probe.features"].double())

linear = randomise(Linear(), 2)
torch.save({"decode_head." + k: v for k, v in linear.state_dict().items()}, "linear.pth")
golden["linear.level"] = draw(WIDTH, 5, 6)
golden["linear.logits"] = linear.double()(golden["linear.level"].double()[None])[0]

pyramid, uper = randomise(Pyramid(), 3).bfloat16(), randomise(UperNet(), 4)
state = {"backbone." + k: v for k, v in pyramid.state_dict().items()}
state.update({"decode_head." + k: v for k, v in uper.state_dict().items()})
state["auxiliary_head.conv_seg.bias"] = torch.zeros(CLASSES)
torch.save({"state_dict": state, "meta": {"epoch": 1}}, "upernet.pth")
for i in range(4):
    golden[f"upernet.level{i}"] = draw(WIDTH, 5, 6)
levels = [golden[f"upernet.level{i}"].double()[None] for i in range(4)]
golden["upernet.logits"] = uper.double()(pyramid.double()(levels))[0]

write(golden, "golden.safetensors")
