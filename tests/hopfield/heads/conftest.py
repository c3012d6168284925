"""Small models of several architectures, with fresh weights."""

from __future__ import annotations

import logging
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

_LENGTH = 64
_SIZES = {
    "vocab_size": 256, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    "max_position_embeddings": _LENGTH, "bos_token_id": None, "eos_token_id": None, "pad_token_id": None,
}  # fmt: skip


@pytest.fixture(autouse=True, scope="session")
def _quiet() -> None:
    logging.getLogger("transformers").setLevel(logging.ERROR)


def build(name: str) -> Any:
    """A model whose weights are large enough for heads to differ."""
    torch.manual_seed(0)
    if name == "gpt2":
        config = transformers.GPT2Config(
            vocab_size=256,
            n_positions=_LENGTH,
            n_embd=32,
            n_layer=2,
            n_head=4,
            bos_token_id=None,
            eos_token_id=None,
        )
        model = transformers.GPT2LMHeadModel(config)
    elif name == "bert":
        model = transformers.BertForMaskedLM(transformers.BertConfig(**_SIZES))
    elif name == "llama":
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**_SIZES, num_key_value_heads=2))
    else:
        config = transformers.MistralConfig(**_SIZES, num_key_value_heads=2, sliding_window=40)
        model = transformers.MistralForCausalLM(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.mul_(8)
    return model.eval()


@pytest.fixture(params=["gpt2", "bert", "llama", "mistral"])
def model(request) -> Any:
    """Causal, bidirectional, with grouped values, with a window."""
    return build(request.param)


@pytest.fixture
def gpt2() -> Any:
    """A causal model."""
    return build("gpt2")


@pytest.fixture
def bert() -> Any:
    """A masked language model."""
    return build("bert")


@pytest.fixture
def batches() -> list[Any]:
    """Two batches of three full sequences."""
    random = torch.Generator().manual_seed(1)
    return [torch.randint(256, (3, _LENGTH), generator=random) for _ in range(2)]
