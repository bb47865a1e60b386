"""Every setting of kg.toml has a type, a range, and a sentence for what is outside of it."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpers.commanding import run
from kg.cli.commands import kg as command
from kg.config import PREFIXES, load
from kg.core.errors import ConfigError


def kg(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(command, [*words, str(folder)])


def write(folder: Path, toml: str) -> Path:
    (folder / "One.md").write_text("# One\n[[Two]]\n")
    (folder / "kg.toml").write_text(toml, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('refresh = "never"', '“refresh” must be "auto", "hint" or "off"'),
        ("refresh = true", "“refresh” must be"),
        ("max_bytes = -1", "“max_bytes” must be a whole number from 1 to 1,000,000,000"),
        ("max_bytes = 0", "“max_bytes” must be a whole number from 1 "),
        ("max_bytes = true", "“max_bytes” must be a whole number"),
        (f"max_bytes = {'9' * 30}", "“max_bytes” must be a whole number"),
        (f"max_bytes = {'9' * 5000}", "a number or a date that cannot be read"),
        ("max_seconds = 0", "“max_seconds” must be a whole number from 1 "),
        ("max_seconds = 1.5", "“max_seconds” must be a whole number"),
        ("max_seconds = inf", "“max_seconds” must be a whole number"),
        ("max_memory = 0", "“max_memory” must be a whole number from 100,000,000 "),
        ("max_inferred = -1", "“max_inferred” must be a whole number from 0 "),
        ('vault = "a\\u0000b"', "“vault” must be a path"),
        ('store = "a\\u0000b"', "“store” must be a path"),
        ('ontology = "a\\u001bb"', "“ontology” must be a path"),
        ('queries = ""', "“queries” must be a path"),
        ("store = 1", "“store” must be a path"),
        (f'store = "{"a" * 5000}"', "“store” must be a path"),
        (f'store = "{"a" * 300}"', "“store” must be a path of names of at most 255 bytes"),
        (f'store = "{"ä" * 130}"', "“store” must be a path of names of at most 255 bytes"),
        ("gitignore = 1", "“gitignore” must be true or false"),
        ('default_class = ""', "“default_class” must be a text"),
        ("ignore = 'x'", "“ignore” must be a list"),
        ("ignore = [1]", "“ignore” must be a list"),
        (f"ignore = {['x'] * 1001}", "“ignore” must be a list of patterns in quotes, at most 1,000"),
        (f"ignore = ['{'x' * 1001}']", "“ignore”: a pattern must be one line"),
        (f"ignore = {['a*' * 400 + 'b'] * 100}", "“ignore” must have at most 16,384 characters"),
        ('ignore = ["a\\nb"]', "“ignore”: a pattern must be one line"),
        ("ignore = " + "[" * 900 + "]" * 900, "too deep"),
        ("x = " + "[" * 100_000, "too deep"),
        ("x = " + "{a=" * 50_000, "too deep"),
        ("[prefixes]\na = 1", "“prefixes”: the prefix “a” must stand for an absolute IRI"),
        ("prefixes = 1", "“prefixes” must be a table"),
        ("[prefixes]\nkg = 'http://e/'", f"“prefixes”: “kg” must be {PREFIXES['kg']}"),
        ("[prefixes]\nskos = 'http://e/'", "“prefixes”: “skos” must be "),
        ("[prefixes]\nn = 'http://e/'", "“prefixes”: “n” must be https://notes.example/"),
        ("base = 'https://b.example'\n[prefixes]\np = 'http://e/'", "“p” must be https://b.example/#property/"),
        ("a" + ".a" * 20_000 + " = 1", "line 1: a key with more than 100 parts"),
        ("gitignore = true\n[a" + ". 'a'" * 20_000 + "]", "line 2: a key with more than 100 parts"),
        ("x = {a" + ".a" * 20_000 + " = 1}", "line 1: a key with more than 100 parts"),
        ("base = 1", "“base” must be a text in quotes"),
        ("nope = 1", "unknown setting “nope”"),
        ("# " + "x" * 1_000_001, "1,000,003 bytes; the limit is 1,000,000"),
    ],
    ids=lambda text: text[:30],
)
def test_a_value_out_of_range_is_a_sentence(tmp_path: Path, toml: str, says: str) -> None:
    write(tmp_path, toml)
    with pytest.raises(ConfigError) as error:
        load(tmp_path)
    assert says in str(error.value)
    assert str(error.value).startswith(f"{tmp_path}/kg.toml: ")
    assert len(str(error.value)) < 500


def test_texts_and_comments_may_hold_what_keys_may_not(tmp_path: Path) -> None:
    dots = "a." * 400
    comment = f"# {dots * 9}\n"
    toml = f"{comment}ignore = ['{dots}', \"{dots}\\\"#\", '''{dots}''', \"\"\"{dots}\"\"\"] {comment}base = 'https://a.example/'\n"
    assert load(write(tmp_path, toml)).base == "https://a.example/"


@pytest.mark.parametrize(
    "toml", ['x = """' + 'a\\"""' * 150_000, "x = '''" + "a.''" * 200_000, '"' * 900_000, "." * 900_000]
)
def test_a_key_is_measured_in_one_pass(tmp_path: Path, toml: str) -> None:
    with pytest.raises(ConfigError):
        load(write(tmp_path, toml))


def test_a_prefix_may_be_said_again_with_its_own_meaning(tmp_path: Path) -> None:
    toml = f"[prefixes]\nkg = '{PREFIXES['kg']}'\nn = 'https://notes.example/'\nex = 'https://ex.example/'\n"
    assert load(write(tmp_path, toml)).all_prefixes["ex"] == "https://ex.example/"


@pytest.mark.parametrize("kind", ["pipe", "folder", "link in a circle", "not text"])
def test_a_kg_toml_that_is_no_text_file_is_a_sentence(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "kg.toml"
    match kind:
        case "pipe":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
        case "link in a circle":
            file.symlink_to("kg.toml")
        case _:
            file.write_bytes(b"\xff\xfe\x00")
    if kind == "link in a circle":
        assert load(tmp_path).vault == tmp_path  # as where a link leads nowhere
        return
    with pytest.raises(ConfigError, match=r"kg\.toml: (cannot be read: not a regular file|not text in UTF-8)"):
        load(tmp_path)


def test_a_default_class_that_nothing_names_is_a_sentence(tmp_path: Path) -> None:
    write(tmp_path, 'default_class = "Outcom"\n')
    done = kg(tmp_path, "ingest")
    assert isinstance(done.exception, ConfigError)
    assert "“default_class” must name a class: no ontology has “Outcom”; did you mean “Outcome”?" in str(done.exception)
    write(tmp_path, 'default_class = "outcome"\n')
    assert kg(tmp_path, "ingest").exit_code == 0


def test_what_inference_may_add_is_a_setting(tmp_path: Path) -> None:
    assert load(write(tmp_path, "")).max_inferred == 10_000_000
    assert load(write(tmp_path, "max_inferred = 0\n")).max_inferred == 0


def test_a_vault_that_is_a_link_in_a_circle_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    write(tmp_path, "vault = 'circle'\n")
    done = CliRunner().invoke(command, ["ingest", str(tmp_path / "circle")])
    assert "cannot be examined" in str(done.exception)


@pytest.mark.parametrize(
    "toml",
    ['base = "a b"', "base = 1", "vault =", 'nope = 1', 'base = "https://a.example/<"', 'base = "x"', 'ignore = [1]', 'max_bytes = true',
     pytest.param('base = "https://a.example/%zz"'), pytest.param('base = "https://a.example:\u0663/"'), pytest.param('base = "http://[/"'), '[prefixes]\na = "http://a b/"',
     pytest.param('[prefixes]\na = "https://a.example/<"'), pytest.param('[prefixes]\n"a b" = "https://a.example/"'), "\x00"],
)  # fmt: skip
@pytest.mark.sample(5)
def test_bad_settings_are_refused_before_anything_is_done(vault: Path, toml: str) -> None:
    (vault / "kg.toml").write_text(toml, encoding="utf-8")
    done = run("ingest", str(vault), cwd=vault)
    assert done.returncode == 2, done.stderr
    assert "kg.toml" in done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.parametrize("command_name", ["ingest", "validate"])
def test_the_whole_file_system_is_no_vault(tmp_path: Path, command_name: str) -> None:
    """A foreign kg.toml would have kg read the whole disk."""
    done = run(command_name, str(write(tmp_path, 'vault = "/"')), cwd=tmp_path)
    assert done.returncode == 2, done
    assert done.stderr == "kg: / is the whole file system, not a vault: name the folder of notes\n"
