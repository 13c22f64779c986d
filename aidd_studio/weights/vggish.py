"""VGGish: log-mel patches to 128 numbers that say what kind of sound it is (Hershey et al. 2017)."""

from __future__ import annotations

from torch import Tensor, nn

FRAMES, BANDS, DIMENSIONS = 96, 64, 128


class VGGish(nn.Module):
    """The network of the published weights; names of its tensors as in the PyTorch port's file."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for width in (64, 128, (256, 256), (512, 512)):
            for out in width if isinstance(width, tuple) else (width,):
                layers += [nn.Conv2d(channels, out, 3, padding=1), nn.ReLU()]
                channels = out
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        flat = 512 * (FRAMES // 16) * (BANDS // 16)
        self.embeddings = nn.Sequential(
            nn.Linear(flat, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, DIMENSIONS)
        )

    def forward(self, patches: Tensor) -> Tensor:
        """Log-mel patches [B, 96, 64] to embeddings [B, 128], before the last rectifier, as in the original."""
        maps = self.features(patches[:, None])  # [B, 512, 6, 4]
        return self.embeddings(maps.permute(0, 2, 3, 1).flatten(1))  # type: ignore[no-any-return]
