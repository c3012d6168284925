"""The small transformer trained on the spot, and the commands that read it."""

from __future__ import annotations

import json
import logging

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from hotpapers.cli import main  # noqa: E402
from hotpapers.common.errors import InputError  # noqa: E402
from hotpapers.hopfield import analyze_heads  # noqa: E402
from hotpapers.hopfield.heads.character_model import (  # noqa: E402
    CharacterSettings,
    corpus,
    pieces,
    save_model,
    small_model,
    train,
)
from hotpapers.hopfield.heads.models import load_model, mask_id_of, read_batches  # noqa: E402

SMALL = CharacterSettings(layers=2, heads=2, width=16, length=48, batch=4, steps=40)


@pytest.fixture(autouse=True, scope="session")
def _quiet() -> None:
    logging.getLogger("transformers").setLevel(logging.ERROR)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A saved small model."""
    path = tmp_path_factory.mktemp("models") / "small"
    save_model(small_model(SMALL), path)
    return path


@pytest.fixture
def run(capsys):
    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["hopfield", "heads", *map(str, arguments)])
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return call


def test_the_corpus_is_cut_in_two() -> None:
    learned, held = corpus()
    assert len(learned) > 300_000
    assert len(held) > 20_000
    assert held[:2000] not in learned
    found = pieces(held, 30, 5, 0)
    assert found.shape == (5, 30)
    assert all(bytes(piece.tolist()) in held.encode() for piece in found)
    assert torch.equal(found, pieces(held, 30, 5, 0))
    with pytest.raises(InputError, match="fewer than a piece"):
        pieces("short", 30, 5, 0)


def test_training_lowers_the_loss_and_repeats() -> None:
    calls: list[int] = []
    model = small_model(SMALL)
    losses = train(model, corpus()[0], SMALL, calls.append, every=15)
    assert calls == [0, 15, 30, 40]
    assert losses[0] == pytest.approx(5.5, abs=0.2)  # ln 256
    assert losses[-1] < 4.8
    assert train(small_model(SMALL), corpus()[0], SMALL) == losses


def test_all_heads_average_at_first() -> None:
    model = small_model(SMALL)
    report = analyze_heads(model, [pieces(corpus()[1], 48, 4, 0)])
    assert [head.head_class for head in report.heads()] == ["I"] * 4
    assert all(head.median_share == pytest.approx(0.9, abs=0.02) for head in report.heads())


def test_a_saved_model_is_read_as_bytes(folder) -> None:
    model = load_model(folder)
    batches = read_batches(folder, model, "näht" * 100, length=20, sequences=5, size=2)
    assert [batch["input_ids"].shape for batch in batches] == [(2, 20), (2, 20), (1, 20)]
    assert bytes(batches[0]["input_ids"][0].tolist()) == ("näht" * 4).encode()
    assert mask_id_of(folder) is None
    assert analyze_heads(folder, batches).k[0].shape == (2, 100)


def test_a_tokenizer_is_used_where_there_is_one(tmp_path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    config = transformers.BertConfig(
        vocab_size=8, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=40,
    )  # fmt: skip
    model = transformers.BertForMaskedLM(config)
    model.save_pretrained(tmp_path)
    batches = read_batches(tmp_path, load_model(tmp_path), "the cat sat " * 50, length=8, sequences=3)
    assert batches[0]["input_ids"].shape == (3, 8)
    assert batches[0]["input_ids"][0].tolist() == [2, 5, 6, 7, 5, 6, 7, 3]
    assert mask_id_of(tmp_path) == 4


def test_analyze(run, folder, tmp_path) -> None:
    code, out, _ = run("analyze", folder, "-o", tmp_path / "report", "--sequences", "3")
    assert code == 0
    assert "layer 1: 2 of class I" in out
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"heads.csv", "heads.json", "heads.svg"}
    (tmp_path / "text.txt").write_text("to be or not to be " * 20)
    found = json.loads(run("analyze", folder, "--text", tmp_path / "text.txt", "--length", "40", "--json")[1])
    assert [head["head_class"] for head in found["heads"]] == ["I"] * 4
    assert found["classes by"] == "k/n"


@pytest.mark.parametrize("kind", ["uniform", "gaussian"])
def test_replace(run, folder, kind) -> None:
    code, out, _ = run("replace", folder, "--kind", kind, "--sequences", "8", "--budget", "0.05")
    assert code == 0
    assert out.startswith("loss 5.5")
    assert "layer 1: " in out
    assert "within 5.0%: 4 of 4 heads" in out
    found = json.loads(run("replace", folder, "--kind", kind, "--sequences", "8", "--json")[1])
    assert found["kind"] == kind
    assert len(found["heads"]) == 4


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("analyze", "none"), "none is no model folder: it has no config.json (models are not downloaded)"),
        (("analyze", "odd"), "odd holds no model that can be read"),
        (("analyze", "SMALL", "--text", "none.txt"), "cannot read none.txt"),
        (("analyze", "SMALL", "--text", "latin.txt"), "latin.txt is no text in UTF-8: byte 1"),
        (("analyze", "SMALL", "--text", "short.txt"), "fewer than one piece of 48"),
        (("analyze", "SMALL", "--length", "49"), "pieces of 49 tokens: this model reads 2 to 48"),
        (("replace", "SMALL", "--budget", "-1"), "budget must be at least 0"),
        (("replace", "SMALL", "--kind", "gaussian", "--sequences", "2"), "one half of the text"),
        (("replace", "wordless"), "has no tokenizer: save one beside the model"),
    ],
)
def test_bad_inputs_end_in_one_line(run, folder, tmp_path, monkeypatch, words, says) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.json").write_text('{"model_type": "abacus"}')
    (tmp_path / "latin.txt").write_bytes(b"a\xe9b")
    (tmp_path / "short.txt").write_text("short")
    config = transformers.GPT2Config(
        vocab_size=300, n_positions=8, n_embd=8, n_layer=1, n_head=1, bos_token_id=None, eos_token_id=None
    )
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path / "wordless")
    code, out, err = run(*(folder if word == "SMALL" else word for word in words))
    assert code in {1, 2}
    assert out == ""
    assert says in err
    assert err.count("\n") == 1
