"""Models of Hugging Face's format from a local folder, text as their batches, attention they can show."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hotpapers.common.errors import MissingExtraError
from hotpapers.hopfield.errors import HopfieldError

__all__ = [
    "as_batch",
    "attentions_of",
    "load_model",
    "mask_id_of",
    "mean_attentions",
    "quiet",
    "read_batches",
    "size_of",
    "use_attention",
]


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError(
            'reading models needs transformers: pip install "hotpapers[hopfield-heads]"'
        ) from error
    return transformers


@contextmanager
def quiet() -> Iterator[Any]:
    """The library, saying nothing but errors and showing no bars within a ``with`` block."""
    library = _transformers()
    logging = library.utils.logging
    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield library
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()


def load_model(folder: str | Path) -> Any:
    """A model from a local folder, in evaluation mode, with attention that can be read.

    Nothing is downloaded, and no code from the folder runs.

    Raises
    ------
    HopfieldError
        If there is no such folder, or it holds no model that transformers can read.
    """
    path = Path(folder)
    if not (path / "config.json").is_file():
        raise HopfieldError(f"{path} is no model folder: it has no config.json (models are not downloaded)")
    try:
        with quiet() as library:
            config = library.AutoConfig.from_pretrained(path, local_files_only=True)
            kind = _auto_class(library, config)
            model = kind.from_pretrained(path, local_files_only=True, attn_implementation="eager")
    except MissingExtraError:
        raise
    except Exception as error:  # whatever a file from elsewhere makes the library raise
        line = " ".join(str(error).split())[:200]
        raise HopfieldError(
            f"{path} holds no model that can be read: {type(error).__name__}: {line}"
        ) from error
    return model.eval()


def _auto_class(library: Any, config: Any) -> Any:
    """The class with the head that the model was saved with."""
    names = " ".join(getattr(config, "architectures", None) or ())
    if "MaskedLM" in names:
        return library.AutoModelForMaskedLM
    if "CausalLM" in names or "LMHead" in names:
        return library.AutoModelForCausalLM
    return library.AutoModel


def size_of(model: Any) -> tuple[int, int]:
    """Layers and heads of a model.

    Raises
    ------
    HopfieldError
        If it is an encoder with a decoder, whose attentions are of three kinds.
    """
    if getattr(model.config, "is_encoder_decoder", False):
        raise HopfieldError(
            "this model is an encoder with a decoder: give one of the two, such as model.get_encoder()"
        )
    config = model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config
    try:
        return int(config.num_hidden_layers), int(config.num_attention_heads)
    except AttributeError as error:
        raise HopfieldError(
            f"{type(model).__name__} names no layers and heads: it is no transformer"
        ) from error


def use_attention(model: Any, name: str) -> None:
    """Let the model compute attention with the implementation `name`.

    Raises
    ------
    HopfieldError
        If it can't.
    """
    try:
        model.set_attn_implementation(name)
    except (AttributeError, ValueError, ImportError) as error:
        raise HopfieldError(
            f"{type(model).__name__} can't compute attention in a way that can be read ({name}): "
            f"{' '.join(str(error).split())[:160]}"
        ) from error


def as_batch(given: Any) -> dict[str, Tensor]:
    """`given` as a model's input: token ids ``[B, S]``, or a mapping with `input_ids`.

    Raises
    ------
    HopfieldError
        If it is neither.
    """
    if isinstance(given, Tensor):
        given = {"input_ids": given}
    if not isinstance(given, Mapping) or "input_ids" not in given:
        raise HopfieldError("a batch is a tensor of token ids [B, S], or a mapping with 'input_ids'")
    batch = {name: value for name, value in given.items() if isinstance(value, Tensor)}
    if batch["input_ids"].ndim != 2 or not batch["input_ids"].numel():
        raise HopfieldError(f"input_ids must have shape [B, S]: got {list(batch['input_ids'].shape)}")
    return batch


def read_batches(
    folder: str | Path,
    model: Any,
    text: str,
    *,
    length: int | None = None,
    sequences: int = 16,
    size: int = 4,
) -> list[dict[str, Tensor]]:
    """Batches of a text for a model: pieces of equal length, evenly spread over the text.

    The folder's tokenizer cuts the text; where it has none and the model knows 256 tokens, these are bytes.

    Parameters
    ----------
    folder
        Of the model.
    model
        The model.
    text
        To be read.
    length
        Tokens in a piece; the model's most, up to 512, if left out.
    sequences, size
        Pieces at most, and pieces in a batch.

    Raises
    ------
    HopfieldError
        If the text is too short, or the length exceeds the model's.
    """
    most = int(getattr(model.config, "max_position_embeddings", 0) or 512)
    length = min(most, 512) if length is None else length
    if not 2 <= length <= most:
        raise HopfieldError(f"pieces of {length} tokens: this model reads 2 to {most}")
    ids, first, last = _tokens(Path(folder), model, text)
    inner = length - len(first) - len(last)
    count = min(sequences, len(ids) // inner)
    if not count:
        raise HopfieldError(
            f"the text has {len(ids)} tokens, fewer than one piece of {inner}: give a longer one, or --length"
        )
    starts = torch.linspace(0, len(ids) - inner, count).long().tolist()
    pieces = torch.tensor([[*first, *ids[start : start + inner], *last] for start in starts])
    return [{"input_ids": piece} for piece in torch.split(pieces, size)]


def _tokens(folder: Path, model: Any, text: str) -> tuple[list[int], list[int], list[int]]:
    """Token ids of the text, and the special ones that stand before and after each piece."""
    if not any(folder.glob("tokenizer*")) and not any(folder.glob("vocab*")):
        if getattr(model.config, "vocab_size", 0) != 256:
            raise HopfieldError(f"{folder} has no tokenizer: save one beside the model")
        return list(text.encode()), [], []
    try:
        with quiet() as library:
            tokenizer = library.AutoTokenizer.from_pretrained(folder, local_files_only=True)
            ids: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    except Exception as error:
        line = " ".join(str(error).split())[:160]
        raise HopfieldError(
            f"the tokenizer in {folder} can't be used: {type(error).__name__}: {line}"
        ) from error
    wrapped = tokenizer.cls_token_id is not None and tokenizer.sep_token_id is not None
    return ids, [tokenizer.cls_token_id] if wrapped else [], [tokenizer.sep_token_id] if wrapped else []


def attentions_of(
    model: Any, batches: Iterable[Any]
) -> Iterator[tuple[dict[str, Tensor], tuple[Tensor, ...]]]:
    """Each batch with its layers' attention, ``[B, H, S, N]``, without gradient.

    Raises
    ------
    HopfieldError
        If the model does not show its attention.
    """
    device = next(model.parameters()).device
    with torch.no_grad():
        for given in batches:
            batch = {name: value.to(device) for name, value in as_batch(given).items()}
            shown = model(**batch, output_attentions=True).get("attentions")
            if not shown or any(layer is None or layer.ndim != 4 for layer in shown):
                raise HopfieldError(
                    f"{type(model).__name__} shows no attention weights: it can't be analysed (linear attention, or a "
                    "kernel that never forms them)"
                )
            yield batch, tuple(shown)


def mean_attentions(model: Any, batches: Iterable[Any]) -> dict[tuple[int, int], Tensor]:
    """Mean attention of each (layer, head) over sequences of one length, float64 ``[S, N]``.

    Raises
    ------
    HopfieldError
        If sequences differ in length.
    """
    sums: dict[tuple[int, int], Tensor] = {}
    sequences = 0
    for batch, layers in attentions_of(model, batches):
        sequences += batch["input_ids"].shape[0]
        for layer, attention in enumerate(layers):
            for head, weights in enumerate(attention.double().sum(0)):
                so_far = sums.setdefault((layer, head), torch.zeros_like(weights))
                if so_far.shape != weights.shape:
                    raise HopfieldError("mean attention needs sequences of one length")
                so_far += weights
    return {head: torch.div(weights, sequences) for head, weights in sums.items()}


def mask_id_of(folder: str | Path) -> int | None:
    """Id of the mask token of the folder's tokenizer; None where there is none."""
    if not any(Path(folder).glob("tokenizer*")) and not any(Path(folder).glob("vocab*")):
        return None
    with quiet() as library:
        tokenizer = library.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    found: int | None = tokenizer.mask_token_id
    return found
