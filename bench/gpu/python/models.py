"""Stage 5: whole models with random weights, ours beside Hugging Face's eager and compiled, same weights, same inputs."""

import json
import shutil
import statistics
import sys
import time

import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, StaticCache
from transformers import InternVLConfig, InternVLVisionConfig
from transformers.models.internvl.modeling_internvl import InternVLModel

import kit
from cases import DECODERS, TOWERS

LAYERS = {"1b": 24, "2b": 24, "8b": 32, "26b": 48}  # two where it is tiny
TOWER_OF = {"1b": "vit-300m", "2b": "vit-300m", "8b": "vit-300m", "26b": "vit-6b"}
TOWER_LAYERS = {"vit-300m": 24, "vit-6b": 45}
ROPE = 1e6
EPS = 1e-6
PROMPT = 1850
SHARD = 2 << 30  # bytes, and one tensor more
REQUEST = dict(tiles=[1, 7, 13], prompts=[256, 1850, 3400], decode=[[1, 2048], [8, 2048], [32, 2048], [8, 8192]], tokens=32)
TINY = dict(tiles=[1, 2], prompts=[9, 40], decode=[[1, 24], [2, 24]], tokens=8)


class Model:
    """A checkpoint of random weights and the same as modules of PyTorch."""

    def __init__(self, name, device):
        self.name, self.device = name, device
        size = name.removeprefix("tiny-")
        tiny = "tiny-" if name != size else ""
        self.d, self.tower = DECODERS[name], TOWERS[tiny + TOWER_OF[size]]
        self.layers = 2 if tiny else LAYERS[size]
        self.random = torch.Generator(device).manual_seed(kit.seed())
        self.is_qwen2 = size == "1b"
        d, t = self.d, self.tower
        self.patch = 14
        self.side = t["grid"] * self.patch
        text = dict(vocab_size=d["vocabulary"], hidden_size=d["hidden"], num_hidden_layers=self.layers,
                    num_attention_heads=d["heads"], num_key_value_heads=d["kv"], intermediate_size=d["mlp"],
                    max_position_embeddings=32768, rms_norm_eps=EPS, tie_word_embeddings=False,
                    rope_parameters={"rope_type": "default", "rope_theta": ROPE}, dtype="bfloat16")
        self.rms = TOWER_OF[size] == "vit-6b"
        vision = InternVLVisionConfig(
            hidden_size=t["hidden"], num_hidden_layers=2 if tiny else TOWER_LAYERS[TOWER_OF[size]], num_attention_heads=t["heads"],
            attention_bias=not self.rms, use_qk_norm=self.rms, intermediate_size=t["mlp"],
            norm_type="rms_norm" if self.rms else "layer_norm", layer_norm_eps=EPS, image_size=[self.side] * 2,
            patch_size=[self.patch] * 2)
        with torch.device("meta"):
            self.language = (Qwen2ForCausalLM(Qwen2Config(**text)) if self.is_qwen2
                             else LlamaForCausalLM(LlamaConfig(**text)))
            small = dict(text, num_hidden_layers=0, vocab_size=8)
            self.vision = InternVLModel(InternVLConfig(
                vision_config=vision, text_config=Qwen2Config(**small), vision_feature_layer=-1, image_token_id=7))
            del self.vision.language_model
        for module in (self.language, self.vision):
            module.to(torch.bfloat16).to_empty(device=device).eval()
            for key, p in module.named_parameters():
                self.fill(key, p.data)
        with torch.device(device):
            self.language.model.rotary_emb = type(self.language.model.rotary_emb)(self.language.config)

    def fill(self, name, p):
        """Fan-in scaling, so that activations neither die nor explode."""
        if "lambda_" in name:
            p.fill_(0.1)
        elif "norm" in name:
            p.fill_(1.0 if name.endswith("weight") else 0.0)
        elif name.endswith("bias"):
            p.normal_(0, 0.02, generator=self.random)
        elif "embed" in name and "projection" not in name:
            p.normal_(0, 1.0, generator=self.random)
        else:
            p.normal_(0, (p.shape[0] / p.numel()) ** 0.5, generator=self.random)

    # ---- the checkpoint, under InternVL's own names

    def tensors(self):
        v = dict(self.vision.named_parameters())
        at = "vision_tower."
        e = at + "embeddings."
        yield "vision_model.embeddings.class_embedding", v[e + "cls_token"]
        yield "vision_model.embeddings.position_embedding", v[e + "position_embeddings"]
        for part in ("weight", "bias"):
            yield f"vision_model.embeddings.patch_embedding.{part}", v[e + f"patch_embeddings.projection.{part}"]
        for i in range(self.vision.config.vision_config.num_hidden_layers):
            h, o = f"{at}encoder.layer.{i}.", f"vision_model.encoder.layers.{i}."
            for part in ("weight",) if self.rms else ("weight", "bias"):
                yield f"{o}attn.qkv.{part}", torch.cat([v[f"{h}attention.{x}_proj.{part}"] for x in "qkv"])
                yield f"{o}norm1.{part}", v[f"{h}layernorm_before.{part}"]
                yield f"{o}norm2.{part}", v[f"{h}layernorm_after.{part}"]
            if self.rms:
                for x in "qk":
                    yield f"{o}attn.{x}_norm.weight", v[f"{h}attention.{x}_norm.weight"]
            for part in ("weight", "bias"):
                yield f"{o}attn.proj.{part}", v[f"{h}attention.projection_layer.{part}"]
                for fc in ("fc1", "fc2"):
                    yield f"{o}mlp.{fc}.{part}", v[f"{h}mlp.{fc}.{part}"]
            for n in "12":
                yield f"{o}ls{n}", v[f"{h}lambda_{n}"]
        for theirs, ours in (("layer_norm", "0"), ("linear_1", "1"), ("linear_2", "3")):
            for part in ("weight", "bias"):
                yield f"mlp1.{ours}.{part}", v[f"multi_modal_projector.{theirs}.{part}"]
        if self.is_qwen2:
            for key, p in self.language.named_parameters():
                yield "language_model." + key, p
        else:
            yield from self.internlm2()

    def internlm2(self):
        """InternLM2 keeps each kv head behind the query heads that read it."""
        p = dict(self.language.named_parameters())
        kv, width, hidden = self.d["kv"], self.d["width"], self.d["hidden"]
        yield "language_model.model.tok_embeddings.weight", p["model.embed_tokens.weight"]
        yield "language_model.model.norm.weight", p["model.norm.weight"]
        yield "language_model.output.weight", p["lm_head.weight"]
        names = {"attention_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
                 "attention.wo": "self_attn.o_proj", "feed_forward.w1": "mlp.gate_proj",
                 "feed_forward.w3": "mlp.up_proj", "feed_forward.w2": "mlp.down_proj"}
        for i in range(self.language.config.num_hidden_layers):
            h = f"model.layers.{i}."
            groups = [p[f"{h}self_attn.{x}_proj.weight"].view(kv, -1, width, hidden) for x in "qkv"]
            yield f"language_model.{h}attention.wqkv.weight", torch.cat(groups, 1).reshape(-1, hidden)
            for ours, theirs in names.items():
                yield f"language_model.{h}{ours}.weight", p[f"{h}{theirs}.weight"]

    def save(self, folder):
        d, c = self.d, self.vision.config.vision_config
        folder.mkdir(parents=True)
        config = {
            "architectures": ["InternVLChatModel"], "model_type": "internvl_chat",
            "template": "Hermes-2" if self.is_qwen2 else "internlm2-chat", "downsample_ratio": 0.5, "select_layer": -1,
            "ps_version": "v2", "force_image_size": self.side, "dynamic_image_size": True, "use_thumbnail": True,
            "min_dynamic_patch": 1, "max_dynamic_patch": 12, "torch_dtype": "bfloat16",
            "vision_config": {
                "image_size": self.side, "patch_size": self.patch, "hidden_size": c.hidden_size,
                "num_hidden_layers": c.num_hidden_layers, "num_attention_heads": c.num_attention_heads,
                "intermediate_size": c.intermediate_size, "norm_type": c.norm_type, "qkv_bias": not self.rms,
                "qk_normalization": self.rms, "layer_norm_eps": EPS},
            "llm_config": {
                "architectures": ["Qwen2ForCausalLM" if self.is_qwen2 else "InternLM2ForCausalLM"],
                "vocab_size": d["vocabulary"], "hidden_size": d["hidden"], "num_hidden_layers": self.layers,
                "num_attention_heads": d["heads"], "num_key_value_heads": d["kv"], "intermediate_size": d["mlp"],
                "max_position_embeddings": 32768, "rope_theta": ROPE, "rms_norm_eps": EPS, "bias": False,
                "tie_word_embeddings": False}}
        (folder / "config.json").write_text(json.dumps(config))
        self.save_shards(folder)

    def save_shards(self, folder):
        """One after the other: the host never holds more than one beside the files."""
        places, shard, size = {}, {}, 0
        def close():
            name = f"model-{len(set(places.values())) + 1:05}.safetensors"
            save_file(shard, folder / name)
            places.update(dict.fromkeys(shard, name))
        for name, tensor in self.tensors():
            if size > SHARD:
                close()
                shard, size = {}, 0
            shard[name] = tensor.detach().cpu().contiguous()
            size += tensor.nbytes
        close()
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))

    # ---- PyTorch's side

    def see(self, pixels):
        x = self.vision.vision_tower(pixel_values=pixels).last_hidden_state[:, 1:]
        n, g = x.shape[0], self.tower["grid"]
        x = self.vision.pixel_shuffle(x.view(n, g, g, -1)).reshape(n, g * g // 4, -1)
        return self.vision.multi_modal_projector(x)

    def read(self, ids, cache):
        at = torch.arange(ids.shape[1], device=self.device)
        return self.language(input_ids=ids, past_key_values=cache, cache_position=at, use_cache=True,
                             logits_to_keep=1).logits[:, -1]

    def step(self, ids, cache, at):
        return self.language(input_ids=ids, past_key_values=cache, cache_position=at,
                             position_ids=at[None].expand(ids.shape[0], 1), use_cache=True).logits[:, -1]

    def cache(self, batch, length):
        return StaticCache(config=self.language.config, max_cache_len=length)


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def seconds(device, call, samples=5, warm=2):
    for _ in range(warm):
        call()
    taken = []
    for _ in range(samples):
        synchronize(device)
        start = time.perf_counter()
        call()
        synchronize(device)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def their_times(m, request, ids, pixels, see, step, label):
    """`vision 7`, `prefill 256`, `decode 8 at 2048`, as Java names them. Prompts are read by eager code only: to compile
    that for each length would take longer than all the rest."""
    results = {}
    def put(key, measure):
        try:
            results[key] = measure()
        except Exception as e:  # out of memory, or a compiler that gives up: the others go on
            results[key] = repr(e)[:200]
        kit.write(f"{m.name}-{label}", results)
    for batch, context in request["decode"]:
        put(f"decode {batch} at {context}", lambda: decode(m, batch, context, request["tokens"], ids, step))
    for n in request["tiles"]:
        put(f"vision {n}", lambda: seconds(m.device, lambda: see(pixels[:n])))
    for length in request["prompts"] if label == "eager" else ():
        prompt = torch.tensor([[ids[i % len(ids)] for i in range(length)]], device=m.device)
        cache = m.cache(1, length)
        read = lambda: (cache.reset(), m.read(prompt, cache))
        put(f"prefill {length}", lambda: seconds(m.device, read))
        most = len(pixels)
        put(f"first token {most} tiles, {length}", lambda: seconds(m.device, lambda: (see(pixels), read())))
    return results


def decode(m, batch, context, tokens, ids, step):
    torch._dynamo.reset()  # code for these shapes, not for any
    prompt = torch.tensor([[ids[i % len(ids)] for i in range(context - tokens)]], device=m.device)
    cache = m.cache(batch, context + 2)
    m.read(prompt.expand(batch, -1), cache)
    next = torch.zeros(batch, 1, dtype=torch.long, device=m.device)
    at = torch.tensor([context - tokens], device=m.device)
    def run():
        nonlocal next
        next = step(next, cache, at).argmax(-1, keepdim=True).clone()
        at.add_(1)
        next.cpu()  # the host looks at every token, as ours does
    for _ in range(2):
        run()
    synchronize(m.device)
    start = time.perf_counter()
    for _ in range(tokens):
        run()
    synchronize(m.device)
    return (time.perf_counter() - start) / tokens


def compare(m, folder, request, ids, pixels, to):
    """What ours computed against PyTorch in bf16, with the ids that ours chose fed back."""
    got = load_file(to)
    image = m.see(pixels[:1]).float().cpu()
    chosen = got["greedy"].tolist()
    sequence = torch.tensor([ids + chosen], device=m.device)
    logits = m.language(input_ids=sequence, use_cache=False).logits[0, len(ids) - 1:].float().cpu()
    margin = logits.topk(2, -1).values
    agreed = [int(logits[i].argmax()) == chosen[i] for i in range(len(chosen))]
    close = [bool(margin[i, 0] - margin[i, 1] < 0.1) for i in range(len(chosen))]
    nmse = lambda a, b: float((a - b).square().sum() / b.square().sum())
    first = got["logits"].view(-1)
    return {
        "image nmse": nmse(got["image"].view_as(image), image),
        "logits nmse": nmse(first, logits[0]),
        "logits max difference": float((first - logits[0]).abs().max()),
        "logits spread": float(logits[0].std()),
        "greedy agreed": sum(agreed),
        "greedy of": len(chosen),
        "right": all(a or c for a, c in zip(agreed, close)) and nmse(first, logits[0]) < 1e-2
                 and nmse(got["image"].view_as(image), image) < 1e-3,
    }


def main(name):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    request = TINY if name.startswith("tiny") else REQUEST
    with torch.no_grad():
        m = Model(name, device)
        folder = kit.scratch() / name
        shutil.rmtree(folder, ignore_errors=True)
        m.save(folder)
        side, vocabulary = m.side, m.d["vocabulary"]
        del m  # both sides together may not fit; the seed makes it again
        if device == "cuda":
            torch.cuda.empty_cache()
        random = torch.Generator(device).manual_seed(kit.seed() + 1)
        pixels = torch.randn(max(request["tiles"]), 3, side, side, device=device, generator=random)
        length = 20 if name.startswith("tiny") else PROMPT
        ids = torch.randint(0, vocabulary, (length,), device=device, generator=random).tolist()
        bf16 = pixels.to(torch.bfloat16)
        save_file({"model/pixels": bf16.cpu(), "model/ids": torch.tensor(ids, dtype=torch.int32)},
                  kit.scratch() / "inputs.safetensors")
        (kit.scratch() / "request.json").write_text(json.dumps(request))
        to, times = kit.scratch() / "model-results.safetensors", kit.scratch() / "model-times.json"
        kit.java("ModelRuns", folder, kit.scratch() / "request.json", kit.scratch() / "inputs.safetensors", to,
                 times).check_returncode()
        kit.write(f"{name}-ours", json.loads(times.read_text()))
        shutil.rmtree(folder)
        m = Model(name, device)
        quality = compare(m, folder, request, ids, bf16, to)
        kit.write(f"{name}-quality", quality)
        their_times(m, request, ids, bf16, m.see, m.step, "eager")
        if device == "cuda":
            see = torch.compile(m.see, mode="reduce-overhead", dynamic=False)
            step = torch.compile(m.step, mode="reduce-overhead", dynamic=False)
            their_times(m, request, ids, bf16, see, step, "compiled")
    return quality["right"]


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1]) else 1)
