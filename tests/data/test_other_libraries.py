"""Data sets of PyTorch and Hugging Face as sources, and Weights & Biases as a callback."""

import numpy as np
import pytest
from PIL import Image

from gans_jax import WGAN, data, networks, priors, training

pytestmark = pytest.mark.torch
IMAGES = np.random.default_rng(0).integers(0, 256, (16, 12, 8, 3)).astype(np.uint8)


def test_tensors_of_pytorch_have_their_channels_last():
    torch = pytest.importorskip("torch")
    tensors = torch.from_numpy(IMAGES).permute(0, 3, 1, 2), torch.arange(16)
    source = data.RandomAccess(torch.utils.data.TensorDataset(*tensors), label=1)
    np.testing.assert_array_equal(source[5]["image"], IMAGES[5])
    assert source[5]["label"] == 5


@pytest.fixture
def table():
    datasets = pytest.importorskip("datasets")
    columns = {"picture": [Image.fromarray(image) for image in IMAGES], "class": list(range(16))}
    features = {"picture": datasets.Image(), "class": datasets.Value("int64")}
    return datasets.Dataset.from_dict(columns, features=datasets.Features(features))


def test_a_data_set_of_hugging_face_in_memory(table):
    source = data.RandomAccess(table, "picture", "class")
    batch = data.stream(source, 16)[0]
    np.testing.assert_array_equal(batch["image"], IMAGES[batch["label"]])


def test_a_data_set_of_hugging_face_by_its_folder(table, tmp_path):
    (tmp_path / "own").mkdir()
    table.to_parquet(tmp_path / "own/train.parquet")
    source = data.HuggingFace(str(tmp_path / "own"), column="picture", label="class", size=8)
    assert len(source) == 16
    assert source[3]["image"].shape == (8, 8, 3)
    assert source[3]["label"] == 3
    assert data.fingerprint(source)
    with pytest.raises(data.DataError, match="no part 'image': it has the keys 'picture', 'class'"):
        data.HuggingFace(str(tmp_path / "own"))[0]
    with pytest.raises(data.DataError, match="check both, and the connection"):
        len(data.HuggingFace(str(tmp_path / "none")))


def test_weights_and_biases_gets_each_logged_iteration(tmp_path):
    pytest.importorskip("wandb")
    logger = training.WeightsAndBiases("gans", mode="offline", dir=str(tmp_path))
    method = WGAN(networks.MLPGenerator((2,)), networks.MLPDiscriminator(), priors.Normal(2))
    points = np.random.default_rng(0).normal(size=(32, 2))
    run = training.Experiment(method, data.Arrays(points), 4, batch_size=4, log_every=2)
    try:
        training.train(run, tmp_path / "run", progress=False, callbacks=[logger])
        assert logger.run.step == 4
        assert {"critic_loss", "wasserstein"} <= dict(logger.run.summary).keys()
    finally:
        logger.finish()
    assert list(tmp_path.glob("wandb/offline-run-*"))
