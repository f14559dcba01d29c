import dataclasses
import errno
import os
from pathlib import Path
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import gans_jax
from gans_jax import core, data, networks, priors
from gans_jax.cli import main
from gans_jax.data.image import to_uint8
from gans_jax.networks.layers import require_multiple
from gans_jax.pictures.sheets import LINE, sheet
from gans_jax.runs import creation, folder, run_states
from gans_jax.training import ConfigError, Experiment, load, train
from gans_jax.training.layout import Layout
from gans_jax.training.observers import Pictures
from gans_jax.training.processes import Processes
from gans_jax.training.program import Program
from gans_jax.translation import translate_folder
from gans_jax.translation.compiled import CompiledTranslator
from tests.support import tiny


class State(NamedTuple):
    step: jax.Array
    gain: jax.Array


@dataclasses.dataclass(frozen=True)
class Mosaic(core.MethodBase):
    """Images and the means of their 4x4 blocks, blended, as negatives from a to b."""

    directions: ClassVar = ("a_to_b", "b_to_a")

    def init(self, key, batch):
        return State(jnp.zeros((), jnp.int32), jnp.float32(0.5))

    def step(self, state, batch, key):
        loss = jnp.mean(core.as_float(batch["a"]))
        return State(state.step + 1, state.gain / 2), {"a_loss": loss, "a_gradient_norm": loss}

    def translate(self, state, images, direction="a_to_b", key=None, deterministic=False):
        images = core.as_float(images)
        made = state.gain * images + (1 - state.gain) * self._blocks(images)
        return -made if direction == "a_to_b" else made

    def attention(self, state, images, direction):
        return (self._blocks(core.as_float(images))[..., :1] + 1) / 2

    def _blocks(self, images):
        require_multiple(images, 4, 8)
        n, h, w, c = images.shape
        means = images.reshape(n, h // 4, 4, w // 4, 4, c).mean((2, 4))
        return means.repeat(4, axis=1).repeat(4, axis=2)


OWN = [Mosaic, tiny.Painter, tiny.Patches, tiny.Translator, tiny.Generator, tiny.Discriminator]


def untrained(workdir, method, source, **fields):
    """A run folder whose newest state is the initial one."""
    experiment = Experiment(method, source, iterations=1, batch_size=2, **fields)
    batch = data.stream(source, 2, method=method)[0]
    shapes = jax.tree.map(lambda v: jax.ShapeDtypeStruct(v.shape, v.dtype), batch)
    state = tiny.jit(experiment.wrapped().init)(jax.random.key(3), batch)
    return folder_of(workdir, experiment, shapes, state)


def folder_of(workdir, experiment, shapes, state):
    with creation.created(workdir, {workdir: experiment}, shapes, OWN):
        run_states.save_all([workdir], 1, 1, [state])
    return workdir


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of colour images in multiples of 4 from 8 on."""
    source = data.DigitDomains(size=8)
    return untrained(tmp_path_factory.mktemp("runs") / "m", Mosaic(), source)


@pytest.fixture(scope="module")
def grey(tmp_path_factory):
    """Pix2pix of grey images, with dropout and the statistics of the test batch."""
    method = gans_jax.Pix2Pix(tiny.Painter(dropout=0.5), tiny.Patches())
    source = data.Denoising(data.Digits(size=32), size=8)
    return untrained(tmp_path_factory.mktemp("runs") / "p", method, source)


@pytest.fixture(scope="module")
def from_noise(tmp_path_factory):
    z = priors.Normal(8)
    method = gans_jax.GAN(tiny.Generator(), tiny.Discriminator(), z)
    experiment = Experiment(method, data.Digits(size=28), iterations=1)
    workdir = tmp_path_factory.mktemp("runs") / "g"
    shapes = {"image": jax.ShapeDtypeStruct((1, 4, 8, 8, 1), np.uint8)}
    state = jax.tree.map(lambda v: np.zeros(v.shape, v.dtype), folder.state_shapes(method, shapes))
    return folder_of(workdir, experiment, shapes, state)


def noise(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path)
    return pixels


def pixels(path):
    with Image.open(path) as image:
        found = np.asarray(image)
    return found.astype(int) if found.ndim == 3 else found.astype(int)[..., None]


def files(path):
    return sorted(p.relative_to(path).as_posix() for p in Path(path).rglob("*") if p.is_file())


def translate(run, tmp_path, **options):
    options = {"progress": False, "extra": OWN} | options
    return translate_folder(run, tmp_path / "in", tmp_path / "out", **options)


def refused(run, tmp_path, kind=data.DataError, **options):
    with pytest.raises(kind) as caught:
        translate(run, tmp_path, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("direction", ["a_to_b", "b_to_a"])
def test_images_become_what_the_method_translates(run, tmp_path, direction):
    given = [save(tmp_path / f"in/{i}.png", noise(16, 12, seed=i)) for i in range(5)]
    done = translate(run, tmp_path, direction=direction, batch_size=2)
    assert done.skipped == ()
    assert [path.name for path in done.written] == [f"{i}.png" for i in range(5)]
    experiment, state = load(run, OWN)
    made = tiny.jit(experiment.method.translate, static_argnums=2)(
        state, np.stack(given), direction
    )
    for path, image in zip(done.written, to_uint8(made), strict=True):
        assert np.ptp(image) > 3
        assert np.abs(pixels(path) - image).max() <= 1


def test_other_sizes_are_mirrored_at_the_borders_and_cut_back(run, tmp_path):
    image = save(tmp_path / "in/a.png", noise(13, 10))
    translate(run, tmp_path)
    larger = np.pad(image, ((1, 2), (1, 1), (0, 0)), "reflect")
    experiment, state = load(run, OWN)
    made = to_uint8(tiny.jit(experiment.method.translate)(state, larger[None])[0])
    assert np.abs(pixels(tmp_path / "out/a.png") - made[1:14, 1:11]).max() <= 1


def test_names_folders_kinds_and_sizes(run, tmp_path):
    save(tmp_path / "in/x/0.1.JPG", noise(9, 9))
    save(tmp_path / "in/one pixel.bmp", noise(1, 1))
    save(tmp_path / "in/grey.png", noise(8, 8, 1))
    Image.new("RGBA", (30, 3), (9, 9, 9, 0)).save(tmp_path / "in/clear.webp")
    (tmp_path / "in/notes.txt").write_text("no image")
    translate(run, tmp_path)
    out = tmp_path / "out"
    assert files(out) == ["clear.png", "grey.png", "one pixel.png", "x/0.1.png"]
    assert pixels(out / "clear.png").shape == (3, 30, 3)
    assert pixels(out / "one pixel.png").shape == (1, 1, 3)
    assert pixels(out / "x/0.1.png").shape == (9, 9, 3)


def test_noise_depends_on_the_seed_and_the_name(grey, tmp_path):
    image = noise(8, 9, 1)
    for name in ("a", "b", "x/c"):
        save(tmp_path / f"in/{name}.png", image)

    def made(*names, **options):
        output = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        translate_folder(grey, tmp_path / "in", output, extra=OWN, progress=False, **options)
        return [pixels(output / f"{name}.png") for name in names]

    plain, other = made("a", "b", deterministic=True)
    assert plain.shape == (8, 9, 1)
    np.testing.assert_array_equal(plain, other)
    (one, two), (again,) = made("a", "b"), made("a", seed=0, batch_size=1)
    assert np.abs(one - again).max() <= 1
    (apart,) = made("a", seed=2)
    for first, second in ((one, two), (one, plain), (one, apart)):
        assert np.abs(first - second).max() > 3


def test_the_sheet_shows_what_comes_back(run, tmp_path):
    for i, size in enumerate([(16, 16), (13, 10), (16, 16)]):
        save(tmp_path / f"in/{i}.png", noise(*size, seed=i))
    translate(run, tmp_path, sheet=tmp_path / "sheet.png")
    shown = pixels(tmp_path / "sheet.png")
    assert shown.shape[0] == LINE + 4 * (16 + 13 + 16) + 2 * 2
    second = shown[LINE + 66 : LINE + 66 + 13 * 4 : 4, ::2]  # one pixel is four
    np.testing.assert_array_equal(second[:, : 10 * 2 : 2], noise(13, 10, seed=1))
    np.testing.assert_array_equal(second[:, 33 : 33 + 10 * 2 : 2], pixels(tmp_path / "out/1.png"))
    _, state = load(run, OWN)
    method, larger = Mosaic(), np.pad(noise(13, 10, seed=1), ((1, 2), (1, 1), (0, 0)), "reflect")
    back = method.translate(state, method.translate(state, larger[None]), "b_to_a")[0]
    seen = second[:, 66 : 66 + 10 * 2 : 2]
    assert np.abs(seen - to_uint8(back)[1:14, 1:11]).max() <= 1
    seen = second[:, 99 : 99 + 10 * 2 : 2]
    attention = 255 * method.attention(state, larger[None], "a_to_b")[0, 1:14, 1:11]
    assert np.abs(seen - np.asarray(attention)).max() <= 1


def test_a_sheet_of_long_strips_fits_into_the_memory(run, tmp_path):
    save(tmp_path / "in/high.png", noise(8000, 1))
    save(tmp_path / "in/wide.png", noise(1, 8000))
    translate(run, tmp_path, sheet=tmp_path / "sheet.png")
    assert pixels(tmp_path / "out/wide.png").shape == (1, 8000, 3)
    assert pixels(tmp_path / "sheet.png").shape == (LINE + 1000 + 2 + 1, 4 * 1000 + 3 * 2, 3)


def test_a_sheet_holds_the_first_sixteen(grey, tmp_path):
    for i in range(18):
        save(tmp_path / f"in/{i:02d}.png", noise(8, 8 + i % 2, 1, seed=i))
    done = translate(grey, tmp_path, sheet=tmp_path / "sheet.png")
    assert len(done.written) == 18
    # 9 pixels are enlarged to 72, in three blocks of two columns, the images and what they become.
    sheet = pixels(tmp_path / "sheet.png")
    assert sheet.shape == (LINE + 6 * 66 - 2, 3 * (72 + 2 + 72) + 2 * 12, 3)
    for i in range(16):
        y, x, width = LINE + 66 * (i % 6), (146 + 12) * (i // 6), 8 + i % 2
        shown = sheet[y : y + 64 : 8, x : x + 8 * width : 8, :1]
        np.testing.assert_array_equal(shown, noise(8, width, 1, seed=i))


@pytest.mark.parametrize("bad", [b"", b"garbage"])
def test_an_unreadable_image(run, tmp_path, bad):
    good = [save(tmp_path / f"in/{name}.png", noise(8, 8)) for name in "acd"]
    (tmp_path / "in/b.png").write_bytes(bad)
    assert "b.png cannot be read" in refused(run, tmp_path)
    assert not (tmp_path / "out").exists()
    done = translate(run, tmp_path, on_bad="skip", sheet=tmp_path / "sheet.png")
    assert files(tmp_path / "out") == ["a.png", "c.png", "d.png"]
    assert len(done.written) == len(good)
    (reason,) = done.skipped
    assert "b.png cannot be read" in reason


def test_colours_for_a_run_of_grey_images(grey, tmp_path):
    save(tmp_path / "in/a.png", noise(8, 8, 1).repeat(3, axis=-1))
    save(tmp_path / "in/b.png", noise(8, 8))
    assert "b.png has colours, but the run takes grey images" in refused(grey, tmp_path)
    assert translate(grey, tmp_path, on_bad="skip").written == (tmp_path / "out/a.png",)


def test_a_size_that_the_network_does_not_take(grey, run, tmp_path, monkeypatch):
    monkeypatch.setattr("gans_jax.translation.compiled.MULTIPLES", (1, 2))
    save(tmp_path / "in/a.png", noise(7, 9))
    message = refused(run, tmp_path)
    assert "a.png: images of 7x9 pixels cannot be used" in message
    assert "multiples of 4, at least 8" in message
    message = refused(run, tmp_path, on_bad="skip")
    assert "none of 1 images can be used: " in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("output", ["in", "in/deeper", ".", "link"])
def test_one_folder_in_the_other(run, tmp_path, output):
    save(tmp_path / "in/a.png", noise(8, 8))
    (tmp_path / "link").symlink_to(tmp_path / "in", target_is_directory=True)
    with pytest.raises(data.DataError, match="one of these folders is in the other"):
        translate_folder(run, tmp_path / "in", tmp_path / output, extra=OWN)
    assert files(tmp_path / "in") == ["a.png"]


@pytest.mark.parametrize(("target", "written"), [("y.png", "y.png"), ("new", "new/x.png")])
def test_one_image(run, tmp_path, target, written):
    save(tmp_path / "in/x.jpg", noise(8, 12))
    done = translate_folder(run, tmp_path / "in/x.jpg", tmp_path / target, extra=OWN)
    assert done.written == (tmp_path / written,)
    assert pixels(tmp_path / written).shape == (8, 12, 3)
    with pytest.raises(data.DataError, match=rf"{written} exists already"):
        translate_folder(run, tmp_path / "in/x.jpg", tmp_path / target, extra=OWN)


def test_a_translation_is_written_as_png_alone(run, tmp_path):
    save(tmp_path / "in/x.jpg", noise(8, 12))
    with pytest.raises(data.DataError, match=r"y\.JPG cannot be written, since translations are P"):
        translate_folder(run, tmp_path / "in/x.jpg", tmp_path / "y.JPG", extra=OWN)
    assert not (tmp_path / "y.JPG").exists()


def test_no_file_is_replaced(run, tmp_path):
    save(tmp_path / "in/a.jpg", noise(8, 8))
    mine = save(tmp_path / "out/a.png", noise(2, 2))
    assert "out/a.png exists already" in refused(run, tmp_path)
    np.testing.assert_array_equal(pixels(tmp_path / "out/a.png"), mine)


def test_no_link_is_replaced(run, tmp_path):
    save(tmp_path / "in/a.jpg", noise(8, 8))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.png").symlink_to(tmp_path / "absent")
    assert "out/a.png exists already" in refused(run, tmp_path)


def test_two_images_of_one_name(run, tmp_path):
    save(tmp_path / "in/a.bmp", noise(8, 8))
    save(tmp_path / "in/a.png", noise(8, 8))
    assert "has both a.bmp and a.png" in refused(run, tmp_path)


def test_no_images(run, tmp_path):
    assert "is missing: check the path" in refused(run, tmp_path)
    (tmp_path / "in").mkdir()
    assert "holds no image" in refused(run, tmp_path)


def test_runs_that_do_not_translate_so(run, grey, from_noise, tmp_path):
    save(tmp_path / "in/a.png", noise(8, 8, 1))
    message = refused(from_noise, tmp_path, ConfigError)
    assert "is a run of GAN, which translates no images: draw" in message
    assert "holds no run" in refused(tmp_path, tmp_path, ConfigError)
    message = refused(grey, tmp_path, ConfigError, direction="b_to_a")
    assert "Pix2Pix learns a_to_b alone" in message
    with pytest.raises(ConfigError, match="no direction 'left': choose a_to_b or b_to_a"):
        translate(run, tmp_path, direction="left")


def test_images_that_no_file_holds(tmp_path):
    workdir = untrained(tmp_path / "run", Mosaic(), data.DigitDomains(size=8))
    text = (workdir / "data.json").read_text()
    (workdir / "data.json").write_text(text.replace("3]", "5]", 1))
    with pytest.raises(ConfigError, match="images a of 5 channels, which no PNG file holds"):
        translate(workdir, tmp_path)


def test_an_interrupted_write_leaves_nothing(run, tmp_path, monkeypatch):
    for name in "ab":
        save(tmp_path / f"in/{name}.png", noise(8, 8))

    def fail(descriptor):
        if (tmp_path / "out/a.png").exists():
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=r"No space left on device: '.*/b\.png'"):
        translate(run, tmp_path)
    assert files(tmp_path / "out") == ["a.png"]


STRAY = os.fsdecode(b"\xff\xfe")
LONG = "n" * 251  # with its suffix as long as a name may be


@pytest.mark.parametrize("seed", [None, 1])
def test_names_of_any_bytes_and_any_length(grey, tmp_path, seed):
    names = ["A", "a", STRAY, "line\nbreak", f"{STRAY}/{LONG}", LONG, "ü" * 125]
    for name in names:
        save(tmp_path / f"in/{name}.png", noise(8, 8, 1))
    done = translate(grey, tmp_path, seed=seed)
    assert {path.relative_to(tmp_path / "out").as_posix() for path in done.written} == {
        f"{name}.png" for name in names
    }
    made = [pixels(path) for path in done.written]
    assert all(np.abs(made[0] - each).max() > 3 for each in made[1:]) == (seed is not None)


def test_a_reason_with_an_odd_name_is_one_line(run, tmp_path):
    save(tmp_path / f"in/line\n{STRAY}.png", noise(8, 8))
    (tmp_path / f"in/line\n{STRAY}.png").write_bytes(b"")
    assert "line\\n\\udcff\\udcfe.png cannot be read" in refused(run, tmp_path)


def test_names_that_the_other_folder_cannot_have(run, tmp_path, monkeypatch):
    for name in ("a", "x/" + "b" * 150):
        save(tmp_path / f"in/{name}.png", noise(8, 8))
    lstat = Path.lstat

    def short(path):
        if len(path.name) > 143 and path.parent.exists():
            raise OSError(errno.ENAMETOOLONG, "File name too long")
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", short)
    assert "bbb.png cannot be written (File name too long): choose" in refused(run, tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_place_of_a_folder(run, tmp_path):
    for name in ("a", "x/b"):
        save(tmp_path / f"in/{name}.png", noise(8, 8))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/x").write_bytes(b"")
    assert "x/b.png cannot be written (Not a directory): choose" in refused(run, tmp_path)
    assert files(tmp_path / "out") == ["x"]


def test_a_file_that_appears_in_the_meantime_is_not_replaced(run, tmp_path, monkeypatch):
    for name in "ab":
        save(tmp_path / f"in/{name}.png", noise(8, 8))
    whole = CompiledTranslator.translate

    def meanwhile(*arguments):
        save(tmp_path / "out/b.png", noise(2, 2))
        return whole(*arguments)

    monkeypatch.setattr(CompiledTranslator, "translate", meanwhile)
    assert "b.png exists already" in refused(run, tmp_path)
    np.testing.assert_array_equal(pixels(tmp_path / "out/b.png"), noise(2, 2))


def test_other_formats_and_what_is_left_out(run, tmp_path):
    for suffix in ("png", "tif", "gif", "ppm", "jfif"):
        save(tmp_path / f"in/{suffix}.{suffix}", noise(8, 8))
    (tmp_path / "in/photo.heic").write_bytes(b"")
    with pytest.warns(data.LeftOutWarning, match=r"left out of .*in: 1 \.heic \(only"):
        assert len(translate(run, tmp_path).written) == 5


def test_a_pipe_among_the_images(run, tmp_path):
    save(tmp_path / "in/a.png", noise(8, 8))
    os.mkfifo(tmp_path / "in/b.png")
    assert "b.png cannot be read (it is not a regular file)" in refused(run, tmp_path)
    assert len(translate(run, tmp_path, on_bad="skip").written) == 1


def test_the_average_of_a_run_translates(tmp_path):
    method = gans_jax.Pix2Pix(tiny.Painter(), tiny.Patches())
    source = data.Denoising(data.Digits(size=32), size=8)
    workdir = untrained(tmp_path / "run", method, source, ema=0.9)
    save(tmp_path / "in/a.png", noise(8, 8, 1))
    assert translate(workdir, tmp_path).written == (tmp_path / "out/a.png",)


def test_the_command(run, tmp_path, capsys):
    save(tmp_path / "in/a.png", noise(8, 8))
    (tmp_path / "in/b.png").write_bytes(b"")
    file = tmp_path / "own.py"
    file.write_text(
        f"from gans_jax.training import load\nfrom {Mosaic.__module__} import Mosaic\n"
        f"experiment, _ = load({str(run)!r}, [Mosaic])\n"
    )
    where = [f"--input={tmp_path / 'in'}", f"--output={tmp_path / 'out'}", f"--experiment={file}"]
    arguments = ["translate", str(run), *where, "--direction", "b_to_a"]
    assert main(arguments) == 1
    assert "error: " in (message := capsys.readouterr().err)
    assert "b.png cannot be read" in message
    assert not (tmp_path / "out").exists()
    assert main([*arguments, "--on-bad=skip", f"--sheet={tmp_path / 's.png'}", "--seed=1"]) == 0
    shown = capsys.readouterr()
    assert f"{tmp_path / 'out'}: 1 image\nskipped 1:\n  " in shown.out
    assert files(tmp_path / "out") == ["a.png"]
    assert (tmp_path / "s.png").exists()


def test_training_draws_sheets(tmp_path):
    source = data.DigitDomains(size=8)
    options = {"samples": 3, "sample_every": 1, "batch_size": 4}
    state = train(
        Experiment(Mosaic(), source, iterations=2, **options), tmp_path / "run", progress=False
    )
    sheets = [pixels(tmp_path / f"run/samples/{t:08d}.png") for t in range(3)]
    key = jax.random.key(0)
    rows = [CompiledTranslator(Mosaic()).row(state, source[i], key) for i in (0, 666, 1333)]
    assert list(rows[0]) == [
        *("a", "a to b", "back to a", "attention on a"),
        *("b", "b to a", "back to b", "attention on b"),
    ]
    np.testing.assert_array_equal(sheets[2], sheet(rows))
    np.testing.assert_array_equal(sheets[0][:, :64], sheets[2][:, :64])
    assert (sheets[0] != sheets[2]).any()
    assert (tmp_path / "run/report.png").exists()


PIX2PIX = gans_jax.Pix2Pix(tiny.Painter(), tiny.Patches())
CYCLEGAN = gans_jax.CycleGAN(
    tiny.Translator(tiny.Painter(channels=3), tiny.Painter(channels=3)), tiny.Patches()
)


def test_commands_that_need_noise_refuse(grey, tmp_path, capsys):
    file = tmp_path / "own.py"
    file.write_text(
        "from gans_jax.training import load\nfrom tests.support.tiny import Painter, Patches\n"
        f"experiment, _ = load({str(grey)!r}, [Painter, Patches])\n"
    )
    for command in (["sample", "--out=a.png"], ["export", "--stablehlo=a.bin"]):
        assert main([command[0], str(grey), f"--experiment={file}", *command[1:]]) == 1
        message = capsys.readouterr().err
        assert "is a run of Pix2Pix, which makes images from images: use `translate`" in message


@pytest.mark.slow
def test_residual_networks_of_any_size(tmp_path):
    generator = networks.ResNetGenerator(features=2, blocks=1)
    method = gans_jax.CycleGAN(networks.TwoGenerators(generator, generator), tiny.Patches())
    run = untrained(tmp_path / "run", method, data.DigitDomains(size=8))
    image = save(tmp_path / "in/a.png", noise(13, 10))
    translate(run, tmp_path, direction="b_to_a")
    larger = np.pad(image, ((1, 2), (1, 1), (0, 0)), "reflect")
    _, state = load(run, OWN)
    made = to_uint8(tiny.jit(method.translate, static_argnums=2)(state, larger[None], "b_to_a")[0])
    assert np.ptp(made) > 3
    assert np.abs(pixels(tmp_path / "out/a.png") - made[1:14, 1:11]).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "source", "columns"),
    [
        (PIX2PIX, data.Denoising(data.Digits(size=32), size=8), 3),
        (CYCLEGAN, data.DigitDomains(size=8), 6),
    ],
)
def test_networks_in_training_draw_sheets(tmp_path, method, source, columns):
    options = {"samples": 3, "sample_every": 1, "ema": 0.5}
    experiment = Experiment(method, source, iterations=2, batch_size=4, **options)
    state = train(experiment, tmp_path / "run", progress=False)
    sheets = [pixels(tmp_path / f"run/samples/{t:08d}.png") for t in range(3)]
    assert {sheet.shape for sheet in sheets} == {(LINE + 3 * 66 - 2, columns * 66 - 2, 3)}
    assert (sheets[0] != sheets[2]).any()
    key = jax.random.split(jax.random.key(experiment.seed), 3)[2]
    for i in range(3):
        a = source[i * len(source) // 3]["a"]
        shown = sheets[2][LINE + 66 * i : LINE + 66 * i + 64 : 8, :64:8]
        np.testing.assert_array_equal(shown, np.broadcast_to(a, (8, 8, 3)))
        made = method.translate(state, a[None], key=key)
        assert np.abs(sheets[2][LINE + 66 * i :, 66:][:64:8, :64:8] - to_uint8(made[0])).max() <= 1
    assert (tmp_path / "run/report.png").exists()


@pytest.mark.slow
def test_seeds_have_a_sheet_each(tmp_path):
    source = data.Denoising(data.Digits(size=32), size=8)
    experiment = Experiment(PIX2PIX, source, iterations=1, batch_size=4, samples=2)
    train(experiment, tmp_path / "run", progress=False, seeds=2)
    one, two = (pixels(tmp_path / f"run/seed_{i}/samples/00000001.png") for i in range(2))
    assert one.shape == two.shape == (LINE + 130, 3 * 66 - 2, 3)
    assert (one[:, :64] == two[:, :64]).all()
    assert (one[:, 66:130] != two[:, 66:130]).any()


def test_a_sheet_has_no_more_rows_than_examples():
    experiment = Experiment(PIX2PIX, data.DigitDomains(), iterations=1)
    program = Program(experiment, Layout((0,)), Processes(several=False))
    assert len(Pictures(program, ()).examples) == 8
