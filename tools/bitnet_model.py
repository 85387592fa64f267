"""BitNet b1.58 for training: the forward pass of transformers' BitNetForCausalLM, and its files.

Linear layers keep real-valued master weights; the forward pass uses their ternary values
(one scale per matrix) and int8 activations (one scale per token), and gradients pass
straight through both roundings. Parameters have Hugging Face's names.

The embedding, which is also the output head, is ternary too, with one scale per row. It is
stored as the values {-s, 0, s} that the forward pass uses, because transformers takes it as
it is; s is a bf16 number, so the file is exact.
"""
import json
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

MARGIN = 1 / 32         # of the mean magnitude of a matrix


@dataclass
class Shape:
    """The keys of config.json that vary."""
    vocab_size: int = 2048
    hidden_size: int = 256
    intermediate_size: int = 512
    num_hidden_layers: int = 4
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    max_position_embeddings: int = 512
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5

    @property
    def head_dim(self):
        return self.hidden_size // self.num_attention_heads


def straight_through(x, rounded):
    """The value of `rounded` with the gradient of `x`."""
    return x + (rounded - x).detach()


def ternary(w):
    """{-1, 0, 1} times the mean magnitude of the matrix."""
    scale = 1.0 / w.abs().mean().clamp(min=1e-5)
    return (w * scale).round().clamp(-1, 1) / scale


def ternary_rows(w):
    """{-1, 0, 1} times the mean magnitude of each row, rounded to bf16."""
    scale = w.abs().mean(dim=1, keepdim=True).clamp(min=1e-4)
    return (w / scale).round().clamp(-1, 1) * scale.bfloat16().float()


def int8_tokens(x):
    """Integers of -128 .. 127 times a scale for each token."""
    scale = 127 / x.abs().amax(dim=-1, keepdim=True).clamp(min=1e-5)
    return (x * scale).round().clamp(-128, 127) / scale


class BitLinear(nn.Linear):
    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, bias=False)
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x):
        x = x.float()
        return F.linear(straight_through(x, int8_tokens(x)), straight_through(self.weight, ternary(self.weight)))


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        x = x.float()
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))


def rotate(x, cos, sin):
    """Rotary positions; the halves of a head are the real and imaginary parts."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Attention(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.heads, self.kv_heads = shape.num_attention_heads, shape.num_key_value_heads
        self.head_dim = shape.head_dim
        self.q_proj = BitLinear(shape.hidden_size, self.heads * self.head_dim)
        self.k_proj = BitLinear(shape.hidden_size, self.kv_heads * self.head_dim)
        self.v_proj = BitLinear(shape.hidden_size, self.kv_heads * self.head_dim)
        self.o_proj = BitLinear(self.heads * self.head_dim, shape.hidden_size)
        self.attn_sub_norm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape
        q = self.q_proj(x).view(batch, length, self.heads, self.head_dim).transpose(1, 2)
        k = self.k_proj(x).view(batch, length, self.kv_heads, self.head_dim).transpose(1, 2)
        v = self.v_proj(x).view(batch, length, self.kv_heads, self.head_dim).transpose(1, 2)
        q, k = rotate(q, cos, sin).to(v.dtype), rotate(k, cos, sin).to(v.dtype)
        k = k.repeat_interleave(self.heads // self.kv_heads, dim=1)
        v = v.repeat_interleave(self.heads // self.kv_heads, dim=1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(self.attn_sub_norm(y.transpose(1, 2).reshape(batch, length, -1)))


class FeedForward(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.gate_proj = BitLinear(shape.hidden_size, shape.intermediate_size)
        self.up_proj = BitLinear(shape.hidden_size, shape.intermediate_size)
        self.down_proj = BitLinear(shape.intermediate_size, shape.hidden_size)
        self.ffn_sub_norm = RMSNorm(shape.intermediate_size, shape.rms_norm_eps)

    def forward(self, x):
        return self.down_proj(self.ffn_sub_norm(F.relu(self.gate_proj(x)).square() * self.up_proj(x)))


class Layer(nn.Module):
    def __init__(self, shape, dropout):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.self_attn = Attention(shape)
        self.mlp = FeedForward(shape)
        self.input_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)

    def forward(self, x, cos, sin):
        x = x + self.dropout(self.self_attn(self.input_layernorm(x), cos, sin))
        return x + self.dropout(self.mlp(self.post_attention_layernorm(x)))


class Body(nn.Module):
    def __init__(self, shape, dropout):
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        nn.init.normal_(self.embed_tokens.weight, std=0.05)
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.num_hidden_layers))
        self.norm = RMSNorm(shape.hidden_size, shape.rms_norm_eps)


class BitNet(nn.Module):
    """The language model. `embedding_is_final`: the embedding holds ternary values already."""

    def __init__(self, shape, embedding_is_final=False, dropout=0.0):
        super().__init__()
        self.shape = shape
        self.embedding_is_final = embedding_is_final
        self.model = Body(shape, dropout)
        frequency = shape.rope_theta ** -(torch.arange(0, shape.head_dim, 2).float() / shape.head_dim)
        angle = torch.outer(torch.arange(shape.max_position_embeddings).float(), frequency)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def embedding(self):
        weight = self.model.embed_tokens.weight
        return weight if self.embedding_is_final else straight_through(weight, ternary_rows(weight))

    def forward(self, tokens):
        embedding = self.embedding()
        cos, sin = self.cos[:tokens.shape[1]], self.sin[:tokens.shape[1]]
        x = F.embedding(tokens, embedding)
        for layer in self.model.layers:
            x = layer(x, cos, sin)
        return F.linear(self.model.norm(x), embedding)

    def parameter_count(self):
        return sum(parameter.numel() for parameter in self.parameters())


def config_json(shape, bos, eos):
    keys = {"architectures": ["BitNetForCausalLM"], "model_type": "bitnet", "hidden_act": "relu2",
            "attention_bias": False, "attention_dropout": 0.0, "initializer_range": 0.02,
            "tie_word_embeddings": True, "use_cache": True, "dtype": "bfloat16",
            "bos_token_id": bos, "eos_token_id": eos,
            "quantization_config": {"quant_method": "bitnet", "linear_class": "autobitlinear",
                                    "quantization_mode": "online"}}
    return json.dumps(dict(sorted((keys | asdict(shape)).items())), indent=2) + "\n"


def settled(weight):
    """The matrix in bf16, with every magnitude kept MARGIN away from the boundary of its ternary code.

    Many weights end up next to that boundary. Rounding to bf16 or f16 then leaves the codes, and with them the
    model, as they were trained, and rounding to Q8_0 very nearly.
    """
    codes = ternary(weight).sign()
    mean = weight.abs().mean()
    near = (weight.abs() / mean - 0.5).abs() < MARGIN
    moved = weight.sign() * mean * torch.where(codes == 0, 0.5 - MARGIN, 0.5 + MARGIN)
    result = torch.where(near, moved, weight).bfloat16()
    if not torch.equal(ternary(result.float()).sign(), codes):
        raise RuntimeError("rounding the weights changed their ternary codes")
    return result


def save(model, directory, bos, eos):
    """Writes config.json and model.safetensors (bf16)."""
    directory.mkdir(parents=True, exist_ok=True)
    tensors = {name: parameter.detach().cpu() for name, parameter in model.named_parameters()}
    tensors["model.embed_tokens.weight"] = model.embedding().detach().cpu()
    tensors = {name: settled(tensor) if name.endswith("_proj.weight") else tensor.bfloat16().contiguous()
               for name, tensor in tensors.items()}
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
    (directory / "config.json").write_text(config_json(model.shape, bos, eos))


def load(directory, dropout=0.0):
    """Reads what save() wrote; the weights become f32 and the embedding counts as final."""
    config = json.loads((directory / "config.json").read_text())
    model = BitNet(Shape(**{key: config[key] for key in asdict(Shape())}), embedding_is_final=True, dropout=dropout)
    model.load_state_dict({name: tensor.float() for name, tensor in load_file(directory / "model.safetensors").items()})
    return model
