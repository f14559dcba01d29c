"""Run folders of PyTorch's networks, in files that need no PyTorch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import CycleGAN, Pix2Pix, data
from gans_jax.cli import main
from gans_jax.tools.interop.state_dicts import DISCRIMINATORS, GENERATORS, from_pytorch, to_pytorch
from gans_jax.training import load
from gans_jax.weights import WeightsError, read_tensors, write_tensors
from tests.support import tiny

pytest.importorskip("safetensors")

SIZE = 24
SMALL = ["--network", "resnet_6blocks", "--size", str(SIZE)]


def variables(network, inputs, seed):
    """Random weights, none of which is trivial."""
    side = max(getattr(network, "size", 8), 3 * 2 ** getattr(network, "layers", 0))
    images = jax.ShapeDtypeStruct((1, side, side, inputs), "float32")
    rng = np.random.default_rng(seed)
    shapes = jax.eval_shape(network.init, jax.random.key(0), images)
    return jax.tree.map(lambda leaf: rng.uniform(0.1, 0.5, leaf.shape).astype("float32"), shapes)


def state_dict(name, inputs=3, seed=0, **options):
    network = (GENERATORS | DISCRIMINATORS)[name].clone(features=2, **options)
    found = variables(network, inputs, seed)
    return network, found, to_pytorch(network, found["params"], found.get("batch_stats", {}))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """CycleGAN's four networks under the names that the code of its authors gives them."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for seed, letter in enumerate("AB"):
        _, _, tensors = state_dict("resnet_6blocks", 3, seed)
        write_tensors(folder / f"latest_net_G_{letter}.safetensors", tensors)
        _, _, tensors = state_dict("basic", 3, seed + 2, norm="instance")
        write_tensors(folder / f"latest_net_D_{letter}.safetensors", tensors)
    return folder


def failure(capsys, *arguments):
    assert main(list(map(str, arguments))) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


NETWORKS = {
    "resnet_9blocks": {"norm": "batch", "channels": 1},
    "resnet_6blocks": {},
    "unet_256": {},
    "unet_128": {"norm": "instance", "channels": 2},
    "basic": {},
    "n_layers": {"layers": 5, "norm": "instance"},
    "pixel": {},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_come_back_from_their_state_dicts(name):
    network, found, tensors = state_dict(name, inputs=4, **NETWORKS[name])
    imported = from_pytorch(name, {f"module.{key}": value for key, value in tensors.items()})
    assert imported.network == network
    assert imported.inputs == 4
    tiny.assert_same_bits(imported.params, found["params"])
    tiny.assert_same_bits(imported.batch_stats, found.get("batch_stats", {}))


@pytest.mark.parametrize(
    "prefix",
    [
        "_orig_mod.",
        "module.module.",
        "module._orig_mod.",
        "_orig_mod.module.",
        "_fsdp_wrapped_module.",
    ],
)
def test_the_names_of_wrappers_do_not_count(prefix):
    network, found, tensors = state_dict("basic")
    wrapped = {f"{prefix}{name}": value for name, value in tensors.items()}
    imported = from_pytorch("basic", wrapped | {"n_averaged": np.int64(3)})
    assert imported.network == network
    tiny.assert_same_bits(imported.params, found["params"])
    # A part of a network may be compiled alone.
    parts = {name.replace("model.", "model._orig_mod."): value for name, value in tensors.items()}
    tiny.assert_same_bits(from_pytorch("basic", parts).params, found["params"])
    with pytest.raises(
        WeightsError, match=r"net\.pth has netG\.model\.0\.weight in place of model"
    ):
        from_pytorch("basic", {f"netG.{name}": tensors[name] for name in tensors}, "net.pth")
    with pytest.raises(WeightsError, match=r"net\.pth has two tensors model\.\d\.\w+: save one"):
        from_pytorch("basic", tensors | wrapped, "net.pth")


def test_floats_of_any_size_are_taken_and_whole_numbers_refused():
    _, found, tensors = state_dict("basic")
    for kind in ("float16", "float64", jnp.bfloat16, jnp.float8_e4m3fn):
        other = {name: value.astype(kind) for name, value in tensors.items()}
        imported = from_pytorch("basic", other)
        for leaf, expected in zip(
            *map(jax.tree.leaves, (imported.params, found["params"])), strict=True
        ):
            assert leaf.dtype == "float32"
            np.testing.assert_array_equal(leaf, expected.astype(kind).astype("float32"))
    for kind in ("int8", "uint8", "bool", "complex64"):
        other = {name: value.astype(kind) for name, value in tensors.items()}
        with pytest.raises(
            WeightsError, match=rf"net\.pth has a model\.0\.weight of {kind}, which"
        ):
            from_pytorch("basic", other, "net.pth")


def changed(tensors, **changes):
    changes = {name.replace("_", "."): value for name, value in changes.items()}
    return {n: v for n, v in (tensors | changes).items() if v is not None}


def test_other_networks_are_refused_by_their_first_layer():
    _, _, tensors = state_dict("resnet_6blocks")
    wide = np.zeros((9, 2, 3, 3), "float32")
    for name, given, words in (
        (
            "resnet_9blocks",
            tensors,
            ["model.16.conv_block.1.weight (8, 8, 3, 3)", "model.16.weight"],
        ),
        ("resnet_9blocks", tensors, ["choose the network resnet_6blocks"]),
        ("unet_256", tensors, ["lacks model.model.0.weight", "model.1.weight (2, 3, 7, 7)"]),
        ("resnet_6blocks", changed(tensors, model_4_weight=wide), ["(9, 2, 3, 3)", "(4, 2, 3, 3)"]),
        ("resnet_6blocks", changed(tensors, model_1_bias=None), ["lacks model.1.bias (2,)"]),
        ("resnet_6blocks", changed(tensors, more_weight=wide), ["more.weight (9, 2, 3, 3), which"]),
        ("resnet_6blocks", {"w": wide}, ["lacks model.1.weight (64, 3, 7, 7)"]),
        ("resnet_6blocks", changed(tensors, model_1_weight=wide[0]), ["model.1.weight (2, 3, 3)"]),
        ("resnet_6blocks", changed(tensors, model_1_bias=np.full(2, np.nan)), ["not finite"]),
    ):
        with pytest.raises(WeightsError, match=r"^net\.pth ") as caught:
            from_pytorch(name, given, "net.pth")
        assert all(word in str(caught.value) for word in words), str(caught.value)


def test_statistics_of_old_instance_norm_and_dropout_are_left_out():
    network, found, tensors = state_dict("resnet_6blocks")
    old = tensors | {"model.2.running_mean": np.ones(2), "model.2.running_var": np.ones(2)}
    old = {key.replace("conv_block.5", "conv_block.6"): value for key, value in old.items()}
    imported = from_pytorch("resnet_6blocks", old)
    assert imported.network == network
    tiny.assert_same_bits(imported.params, found["params"])


@pytest.mark.slow
def test_one_generator_is_a_run_of_pix2pix(files, tmp_path, capsys):
    generator = files / "latest_net_G_A.safetensors"
    assert main(["import", str(generator), "--workdir", str(tmp_path / "run"), *SMALL]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'run'}: a run of Pix2Pix, resnet_6blocks\n"
    experiment, state = load(tmp_path / "run")
    method = experiment.method
    assert isinstance(method, Pix2Pix)
    assert method.test_dropout
    assert method.test_batch_statistics
    wanted = from_pytorch("resnet_6blocks", read_tensors(generator))
    tiny.assert_same_bits(jax.device_get(state.generator.params), wanted.params)
    images = np.random.default_rng(0).uniform(-1, 1, (1, SIZE, SIZE, 3)).astype("float32")
    translated = method.translate(state, images, deterministic=True)
    expected = wanted.network.apply({"params": wanted.params}, images)
    np.testing.assert_array_equal(translated, expected)

    reason = failure(capsys, "resume", tmp_path / "run", "--iterations", "2")
    assert "was imported without images to train on: import the networks again with" in reason
    back = tmp_path / "back.safetensors"
    assert main(["export", str(tmp_path / "run"), "--pytorch", str(back)]) == 0
    tiny.assert_same_bits(read_tensors(back), read_tensors(generator))
    reason = failure(
        capsys, "export", tmp_path / "run", "--part=b-to-a", "--pytorch", tmp_path / "x.pth"
    )
    assert "no b-to-a" in reason
    assert "choose --part of a-to-b, discriminator-a-to-b" in reason


@pytest.mark.slow
def test_two_generators_are_a_run_of_cyclegan(files, tmp_path):
    """That code names a discriminator after the generator that it opposes."""
    parts = {f"--{n}": f"latest_net_G_{x}" for n, x in (("a-to-b", "A"), ("b-to-a", "B"))}
    parts |= {f"--discriminator{n[1:]}": f.replace("G", "D") for n, f in parts.items()}
    given = [word for n, f in parts.items() for word in (n, str(files / f"{f}.safetensors"))]
    (tmp_path / "run").mkdir()
    assert main(["import", *given, "--workdir", str(tmp_path / "run"), *SMALL]) == 0
    experiment, state = load(tmp_path / "run")
    assert isinstance(experiment.method, CycleGAN)
    assert experiment.method.identity_weight == 5.0
    first = {
        "latest_net_G_A": state.translator.params["ab"],
        "latest_net_G_B": state.translator.params["ba"],
        "latest_net_D_A": state.discriminator_b.params,
        "latest_net_D_B": state.discriminator_a.params,
    }
    for name, params in first.items():
        tensors = read_tensors(files / f"{name}.safetensors")
        kernel = tensors["model.1.weight" if "G" in name else "model.0.weight"]
        np.testing.assert_array_equal(params["Conv_0"]["kernel"].transpose(3, 2, 0, 1), kernel)
    for part, name in parts.items():
        back = tmp_path / "back.safetensors"
        run = ["export", str(tmp_path / "run"), "--part", part[2:], "--pytorch", str(back)]
        assert main(run) == 0
        tiny.assert_same_bits(read_tensors(back), read_tensors(files / f"{name}.safetensors"))


def test_errors_leave_nothing_behind(files, tmp_path, capsys):
    generator, judge = (files / f"latest_net_{name}.safetensors" for name in ("G_A", "D_A"))
    workdir = tmp_path / "run"
    run = ["--workdir", workdir, *SMALL]
    (tmp_path / "text.pth").write_text("no checkpoint")
    for arguments, reason in (
        ([tmp_path / "text.pth", *run], "text.pth was not written by torch.save"),
        ([tmp_path / "none.pth", *run], "none.pth cannot be read"),
        ([judge, *run], "latest_net_D_A.safetensors lacks model.1.weight"),
        ([generator, *run[:-1], "30"], "30x30 do not fit this network"),
        ([generator, *run, "--data", tmp_path / "none"], "is missing: check the path"),
        ([*run], "give one generator as CHECKPOINT, or two"),
        (["--b-to-a", generator, *run], "give one generator as CHECKPOINT, or two"),
        (["--a-to-b", generator, "--b-to-a", generator, "--eval", *run], "leave it out"),
        ([generator, "--discriminator-b-to-a", judge, *run], "discriminator-b-to-a"),
    ):
        assert reason in failure(capsys, "import", *arguments)
        assert [each.name for each in tmp_path.iterdir()] == ["text.pth"]
    workdir.mkdir()
    (workdir / "mine.txt").write_text("mine")
    assert "is not empty" in failure(capsys, "import", generator, *run)


def test_settings_for_further_training(tmp_path, capsys):
    """Discriminators of pairs or of images alone, and a folder of data."""
    from PIL import Image

    for index in range(2):
        Image.new("RGB", (2 * SIZE, SIZE)).save(tmp_path / f"{index}.png")
    generator, judge = tmp_path / "G.safetensors", tmp_path / "D.safetensors"
    write_tensors(generator, state_dict("resnet_6blocks", norm="batch")[2])
    arguments = ["import", generator, "--discriminator-a-to-b", judge, *SMALL, "--eval"]
    arguments += ["--data", tmp_path, "--discriminator-network", "pixel", "--workdir"]
    for inputs, conditional in ((6, True), (3, False)):
        write_tensors(judge, state_dict("pixel", inputs)[2])
        workdir = tmp_path / f"run_{inputs}"
        assert main(list(map(str, [*arguments, workdir]))) == 0
        experiment, state = load(workdir)
        method = experiment.method
        assert method.conditional is conditional
        assert not method.test_dropout
        assert not method.test_batch_statistics
        assert len(data.stream(experiment.data, 1)[0]["b"]) == 1
        stepped, _ = jax.eval_shape(
            method.step, state, data.stream(experiment.data, 1)[0], jax.random.key(0)
        )
        assert jax.tree.structure(stepped) == jax.tree.structure(state)
    write_tensors(judge, state_dict("pixel", 4)[2])
    reason = failure(capsys, *arguments, tmp_path / "run_4")
    assert "takes 4 channels" in reason
