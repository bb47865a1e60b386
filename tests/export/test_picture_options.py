"""The options of kg export for pictures: title, size, ground, theme, colours, layout; and what they do not fit."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

import kg
from helpers.exporting import exported
from helpers.vaults import Write, ingest
from kg.cli.commands import kg as cli
from kg.export.picture_style import DARK, LIGHT, PictureStyle, luminance
from kg.export.text_width import width

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> kg.Store:
    folder = tmp_path_factory.mktemp("options")
    vault = folder / "vault"
    vault.mkdir()
    for number in range(12):
        front = f"score: {number}\nstate: {('open', 'done')[number % 2]}\nowner: '[[Owner {number % 3}]]'\n"
        front += f"due: 202{number % 4}-05-01\n" if number else ""
        (vault / f"Note {number}.md").write_text(f"---\n{front}---\n[[Note {(number + 1) % 12}]]\n")
    return ingest(vault, folder / "store").store


def drawn(store: kg.Store, *options: str) -> ET.Element:
    return ET.fromstring(exported(store, "-f", "svg", *options))


def words(root: ET.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def fills(root: ET.Element) -> set[str]:
    """The colours of things."""
    return {mark.get("fill", "") for mark in root.iter() if mark.tag in {f"{SVG}circle", f"{SVG}polygon"} and len(mark)}


def usage_error(store: kg.Store, *options: str) -> str:
    done = CliRunner().invoke(cli, ["export", "--store", str(store.path), *options])
    assert done.exit_code == 2
    return done.stderr


def test_title(store: kg.Store) -> None:
    root = drawn(store, "--title", "Plan & <b>\x00")
    assert words(root)[0] == root.findtext(f"{SVG}title") == "Plan & <b>\ufffd"
    long = words(drawn(store, "--title", "long " * 80))[0]
    assert long.endswith("…") and len(long) < 120
    assert b"<title>My map</title>" in exported(store, "-f", "html", "--title", "My map")


@pytest.mark.parametrize("layout", ["force", "tree"])
@pytest.mark.parametrize("size", ["1920x1080", "400X300", "2000x500", "500×2000"])
def test_size(store: kg.Store, layout: str, size: str) -> None:
    root = drawn(store, "--size", size, "--layout", layout)
    wide, high = (int(side) for side in size.lower().replace("×", "x").split("x"))
    assert (root.get("width"), root.get("height")) == (str(wide), str(high))
    _, _, across, down = map(float, root.get("viewBox", "").split())
    assert across / down == pytest.approx(wide / high, rel=0.01)


@pytest.mark.parametrize("layout", ["force", "tree"])
@pytest.mark.parametrize("size", ["1600x900", "100x5000", "5000x100", "400x400"])
def test_nothing_is_cut_off(notes_store: kg.Store, layout: str, size: str) -> None:
    root = drawn(notes_store, "--size", size, "--layout", layout, "--title", "A title that is long " * 20)
    _, _, wide, high = map(float, root.get("viewBox", "").split())
    for label in root.iter(f"{SVG}text"):
        x, y, size_ = (float(label.get(name, "nan")) for name in ("x", "y", "font-size"))
        room = width(label.text or "", size_, bold=label.get("font-weight") is not None)
        share = {"middle": 0.5, "end": 1.0}.get(label.get("text-anchor", ""), 0.0)
        assert x - share * room >= 0 and x + (1 - share) * room <= wide
        assert size_ <= y <= high
    for mark in root.iter(f"{SVG}polygon"):
        for pair in mark.get("points", "").split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= wide and 0 <= y <= high


@pytest.mark.slow
def test_png_has_the_requested_pixels(store: kg.Store, tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    file = tmp_path / "notes.png"
    for size in ((640, 480), (801, 333)):
        exported(store, "-o", str(file), "--size", f"{size[0]}x{size[1]}")
        data = file.read_bytes()
        assert tuple(int.from_bytes(data[at : at + 4], "big") for at in (16, 20)) == size


def test_ground(store: kg.Store) -> None:
    assert drawn(store).findall(f"{SVG}rect")[0].get("fill") == LIGHT.paper
    assert drawn(store, "--background", "transparent").findall(f"{SVG}rect") == []
    assert drawn(store, "--background", "#FA0").findall(f"{SVG}rect")[0].get("fill") == "#ffaa00"
    assert drawn(store, "--background", "White").findall(f"{SVG}rect")[0].get("fill") == "#ffffff"


def test_theme(store: kg.Store) -> None:
    dark = drawn(store, "--theme", "dark")
    assert dark.get("fill") == DARK.ink and dark.findall(f"{SVG}rect")[0].get("fill") == DARK.paper
    assert fills(dark) <= {*DARK.groups, DARK.rest, DARK.paper}
    # Text can be read on a ground whose theme is not named.
    assert drawn(store, "--background", "navy").get("fill") == DARK.ink
    assert drawn(store, "--background", "#eee").get("fill") == LIGHT.ink
    assert drawn(store, "--background", "navy", "--theme", "light").get("fill") == LIGHT.ink


@pytest.mark.parametrize("ground", ["#000000", "#1c2a44", "#3355aa", "#808080", "#ffa500", "#ffffff"])
def test_text_has_contrast_on_any_ground(ground: str) -> None:
    palette = PictureStyle(background=ground).palette
    light, dark = sorted((luminance(palette.ink), luminance(ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.0


def test_color_by_class(notes_store: kg.Store) -> None:
    root = drawn(notes_store, "--color-by", "class")
    by_shape = {
        len(mark.get("points", "").split()): mark.get("fill") for mark in root.iter(f"{SVG}polygon") if len(mark)
    }
    assert by_shape[6] == LIGHT.groups[4] and not any(word.startswith("around") for word in words(root))


def test_color_by_values(store: kg.Store) -> None:
    root = drawn(store, "--color-by", "state")
    assert {"state: done", "state: open", "no state"} <= set(words(root))
    assert fills(root) == {*LIGHT.groups[:2], "#ffffff"} | {LIGHT.rest} & fills(root)
    assert {"due: 2020", "due: 2021", "due: 2022", "due: 2023"} <= set(words(drawn(store, "--color-by", "Due")))
    assert {"owner: Owner 0", "owner: Owner 2"} <= set(words(drawn(store, "--color-by", "p:owner")))


def test_color_by_numbers_is_by_ranges(store: kg.Store) -> None:
    root = drawn(store, "--color-by", "score")
    assert {"score: 0 to 1", "score: 9 to 11"} <= set(words(root))
    shades = [luminance(mark.get("fill", "")) for mark in root.iter(f"{SVG}circle") if mark.get("r") == "6.5"]
    assert len([shade for shade in shades if shade]) >= 5


def test_an_unknown_property(store: kg.Store) -> None:
    assert "did you mean state?" in str(
        CliRunner().invoke(cli, ["export", "--store", str(store.path), "-f", "svg", "--color-by", "stat"]).exception
    )


def test_link_labels(store: kg.Store) -> None:
    assert "owner" not in words(drawn(store, "--no-link-labels"))
    assert "owner" in words(drawn(store, "--link-labels"))


def test_an_option_that_does_not_fit_the_format_is_a_usage_error(store: kg.Store) -> None:
    for option in (("--layout", "force"), ("--theme", "dark"), ("--size", "900x900"), ("--color-by", "class"),
                   ("--background", "white"), ("--no-link-labels",)):  # fmt: skip
        message = usage_error(store, "-f", "html", *option)
        option_name = option[0].replace("--no-", "--")
        assert f"{option_name} does not fit the format html: it is an option of svg and png." in message
    assert "--title does not fit the format turtle" in usage_error(store, "-f", "turtle", "--title", "X")


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (("--size", "big"), "“big” is not a width and a height in pixels, like 1920x1080"),
        (("--size", "0x100"), "0x100 is out of range: each side is 100 to 10,000 pixels"),
        (("--size", "100x99999999"), "is not a width and a height"),
        (("--background", "bluish"), "“bluish” is not a colour"),
        (("--background", 'red"/><script>'), "is not a colour"),
        (("--theme", "pink"), "'pink' is not one of"),
        (("--layout", "circle"), "'circle' is not one of"),
    ],
)
def test_a_value_that_is_none(store: kg.Store, option: tuple[str, ...], says: str) -> None:
    assert says in usage_error(store, "-f", "svg", *option)


def test_a_private_tag_with_a_title(write: Write, tmp_path: Path) -> None:
    made = ingest(write({"A.md": "#private\n", "B.md": "[[C]]\n", "C.md": "[[B]]\n"}), tmp_path / "store").store
    assert words(drawn(made, "--title", "Open", "--private-tag", "private"))[:2] == [
        "Open",
        "2 things, 1 pair of them linked",
    ]
