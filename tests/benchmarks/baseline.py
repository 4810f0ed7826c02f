"""The baseline: a usual loop with a DataLoader, transforms of single images, and pytorch-metric-learning."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from pytorch_metric_learning import distances, losses, miners, reducers
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from cl_core.data import augmentation, datasets
from cl_core.training import RunSpec, encoders

MEAN, STD = 0.1307, 0.3081  # of the pixels of MNIST, as in published code
MARGIN = 0.2

SQUARED = {"distance": distances.LpDistance(power=2)}


@dataclass(frozen=True)
class Row:
    """A loss of this library, and its counterpart in pytorch-metric-learning.

    Attributes:
        title: name of our loss in the table.
        loss: key of our loss.
        theta: its parameters.
        library: name of the counterpart in the table.
        criterion: makes the counterpart's loss.
        miner: makes the counterpart's miner, if it needs one.
    """

    title: str
    loss: str
    theta: Mapping[str, Any]
    library: str
    criterion: Callable[[], nn.Module]
    miner: Callable[[], nn.Module] | None = None

    def spec(self, batch: int) -> RunSpec:
        """Return the settings of our run, with the default encoder and Adam."""
        return RunSpec(loss=self.loss, theta=self.theta, batch=batch, unit_norm=self.loss != "npair")


def _triplet(mining: str, library: str, miner: Callable[[], nn.Module] | None, nonzero: bool = False) -> Row:
    reducer = reducers.AvgNonZeroReducer if nonzero else reducers.MeanReducer
    return Row(
        title=f"triplet, {mining}",
        loss="triplet",
        theta={"mining": mining, "margin": MARGIN},
        library=library,
        criterion=lambda: losses.TripletMarginLoss(margin=MARGIN, reducer=reducer(), **SQUARED),
        miner=miner,
    )


ROWS = {
    "contrastive": Row("contrastive", "contrastive", {}, "ContrastiveLoss", losses.ContrastiveLoss),
    "semihard": _triplet(
        "semihard",
        "TripletMarginLoss, TripletMarginMiner",
        lambda: miners.TripletMarginMiner(margin=MARGIN, type_of_triplets="semihard", **SQUARED),
    ),
    "all": _triplet("all", "TripletMarginLoss", None),
    "all_nonzero": _triplet(
        "all_nonzero",
        "TripletMarginLoss, TripletMarginMiner",
        lambda: miners.TripletMarginMiner(margin=MARGIN, type_of_triplets="all", **SQUARED),
        nonzero=True,
    ),
    "batch_hard": _triplet(
        "batch_hard", "TripletMarginLoss, BatchHardMiner", lambda: miners.BatchHardMiner(**SQUARED)
    ),
    # the same definition as ours; NPairsLoss, below, has the name but takes one pair per class
    "npair": Row(
        "npair", "npair", {}, "NTXentLoss of inner products",
        lambda: losses.NTXentLoss(
            temperature=1.0, distance=distances.DotProductSimilarity(normalize_embeddings=False)
        ),
    ),
    "npair_one": Row("npair", "npair", {}, "NPairsLoss, one pair a class", losses.NPairsLoss),
    "nt_xent": Row("nt_xent", "nt_xent", {}, "NTXentLoss", lambda: losses.NTXentLoss(temperature=0.5)),
    "supcon": Row("supcon", "supcon", {}, "SupConLoss", lambda: losses.SupConLoss(temperature=0.1)),
}  # fmt: skip


class Images(Dataset[Any]):
    """A data set that opens and transforms one image at a time, as those of torchvision do.

    The transforms are the steps of torchvision's `ToTensor` and `Normalize` on a Pillow image, written out because
    torchvision has no build for every version of torch. With `views` each image gives two shifted and noisy views.
    """

    def __init__(self, key: str, *, views: bool) -> None:
        data = datasets.load(key)
        self.images = torch.tensor(data.x_train)
        self.labels = torch.tensor(data.y_train)
        self.views = views

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[Tensor, int] | tuple[Tensor, Tensor]:
        picture = Image.fromarray(self.images[row].numpy())
        if self.views:
            return _add_noise(_shift(_normalise(picture))), _add_noise(_shift(_normalise(picture)))
        return _normalise(picture), int(self.labels[row])


def _normalise(picture: Image.Image) -> Tensor:
    pixels = torch.from_numpy(np.array(picture, np.uint8)).view(picture.size[1], picture.size[0], 1)
    x = pixels.permute(2, 0, 1).contiguous().to(torch.float32).div(255)
    return x.sub_(torch.tensor([MEAN]).view(-1, 1, 1)).div_(torch.tensor([STD]).view(-1, 1, 1))


def _shift(x: Tensor) -> Tensor:
    padded = nn.functional.pad(x, (augmentation.MAX_SHIFT,) * 4)
    row, column = torch.randint(0, 2 * augmentation.MAX_SHIFT + 1, (2,)).tolist()
    return padded[:, row : row + x.shape[1], column : column + x.shape[2]]


def _add_noise(x: Tensor) -> Tensor:
    return x + augmentation.NOISE_STD * torch.randn_like(x)


class BaselineLoop:
    """The baseline loop, one step at a time, with the encoder and the sizes of our run of the same row."""

    def __init__(self, row: Row, batch: int) -> None:
        spec = row.spec(batch)
        self.views = spec.images_per_step != spec.batch
        images = Images(spec.dataset, views=self.views)
        self.loader = DataLoader(images, spec.images_per_step, shuffle=True, drop_last=True)
        self.net = encoders.build(spec.encoder, tuple(images.images.shape[1:]), spec.dim, unit_norm=spec.unit_norm)
        self.criterion = row.criterion()
        self.miner = row.miner() if row.miner else None
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=spec.rate)
        self.batches = self._batches()

    def step(self) -> float:
        """Train one step; return the loss before it."""
        x, y = next(self.batches)
        z = self.net(x)
        value: Tensor = self.criterion(z, y, self.miner(z, y)) if self.miner else self.criterion(z, y)
        self.optimiser.zero_grad()
        value.backward()
        self.optimiser.step()
        return value.item()

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            for first, second in self.loader:
                if self.views:
                    yield torch.cat([first, second]), torch.arange(len(first)).repeat(2)
                else:
                    yield first, second
