"""Makes the files beside it: python3 make.py, with PyTorch 2.13."""

import argparse
import torch

plain = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([1, -2], dtype=torch.bfloat16)}
torch.save(plain, "plain.pt")

head = torch.nn.Linear(3, 2)
with torch.no_grad():
    head.weight.copy_(torch.arange(6.0).reshape(2, 3))
    head.bias.copy_(torch.tensor([0.5, -0.25]))
optimizer = torch.optim.AdamW(head.parameters())
head(torch.ones(1, 3)).sum().backward()
state = head.state_dict()
state["tied"] = state["weight"]
state["turned"] = state["weight"].t()
state["column"] = state["weight"][:, 1]
state["expanded"] = state["bias"][:1].expand(4)
state["sparse"] = torch.eye(2).to_sparse()
training = {
    "meta": {"classes": ("cat", "dog"), "args": argparse.Namespace(lr=0.1), "epoch": 3},
    "state_dict": state,
    "optimizer": optimizer.state_dict(),
}
torch.save(training, "training.pth")
torch.save(training, "legacy.pth", _use_new_zipfile_serialization=False)
torch.save(head, "module.pt")
torch.jit.save(torch.jit.script(head), "script.pt")
