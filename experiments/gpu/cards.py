"""The rates of GPUs, as their maker publishes them."""

import dataclasses

_SITE = "https://www.nvidia.com/en-us/data-center"
_HOPPER = "https://resources.nvidia.com/en-us-tensor-core/gtc22-whitepaper-hopper"


@dataclasses.dataclass(frozen=True)
class Card:
    """The peak rates of a card in TFLOPS, without sparsity.

    Attributes:
      float32: of operations outside the tensor cores, which is what runs without TF32.
      bfloat16: of the tensor cores; None if they do not have this type.
      source: the page or paper with these figures. Where it has the rate with sparsity alone, the
        rate here is half of it.
    """

    float32: float
    bfloat16: float | None
    source: str


_A100 = Card(19.5, 312.0, f"{_SITE}/a100/")
_V100 = Card(15.7, None, f"{_SITE}/v100/")

# By the name that the driver gives. Other forms of a card have other rates, so that a name must be
# the same to the letter.
CARDS = {
    "NVIDIA H100 80GB HBM3": Card(67.0, 989.5, f"{_SITE}/h100/"),
    "NVIDIA H100 PCIe": Card(51.2, 756.0, _HOPPER),
    "NVIDIA A100-SXM4-40GB": _A100,
    "NVIDIA A100-SXM4-80GB": _A100,
    "NVIDIA A100-PCIE-40GB": _A100,
    "NVIDIA A100 80GB PCIe": _A100,
    "NVIDIA A10": Card(31.2, 125.0, f"{_SITE}/products/a10-gpu/"),
    "NVIDIA L4": Card(30.3, 121.0, f"{_SITE}/l4/"),
    "NVIDIA L40": Card(90.5, 181.05, f"{_SITE}/l40/"),
    "NVIDIA L40S": Card(91.6, 362.05, f"{_SITE}/l40s/"),
    "Tesla V100-SXM2-16GB": _V100,
    "Tesla V100-SXM2-32GB": _V100,
    "Tesla T4": Card(8.1, None, f"{_SITE}/tesla-t4/"),
}


def peak(name: str | None, dtype: str, measured: float | None) -> tuple[float | None, str]:
    """Returns the peak rate in TFLOPS that a utilisation is relative to, and where it comes from.

    Args:
      name: the card's name; None without a card.
      dtype: `float32` or `bfloat16`.
      measured: the rate of a large matrix product, for a card whose peak is not known here; None if
        it was not measured.
    """
    card = CARDS.get(name or "")
    published = getattr(card, dtype) if card else None
    if published:
        return published, card.source
    return measured, "measured: a large matrix product in the faster framework"
