"""The convolutional baseline: what a Vision Transformer is compared with."""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from .errors import check_images, require_one_of, require_positive


class ConvNet(nn.Module):
    """A plain CNN: three stages of two 3 x 3 convolutions, each with batch norm and ReLU, then the mean and a head.

    The first convolution of the second and third stage has stride 2, so that the receptive field grows with depth.

    Args:
        in_channels: color channels.
        num_classes: number of classes.
        width: channels of the first stage; the next have twice and four times as many.
        padding_mode: "zeros", or "circular" for exact translation equivariance on a torus.
    """

    def __init__(
        self,
        *,
        in_channels: int = 1,
        num_classes: int = 10,
        width: int = 24,
        padding_mode: Literal["zeros", "circular"] = "zeros",
    ) -> None:
        super().__init__()
        require_positive(in_channels=in_channels, num_classes=num_classes, width=width)
        require_one_of("padding_mode", padding_mode, ("zeros", "circular"))
        self.in_channels = in_channels
        self.config = dict(in_channels=in_channels, num_classes=num_classes, width=width, padding_mode=padding_mode)

        def layer(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
            convolution = nn.Conv2d(
                channels_in, channels_out, 3, stride, padding=1, padding_mode=padding_mode, bias=False
            )
            return nn.Sequential(convolution, nn.BatchNorm2d(channels_out), nn.ReLU())

        w = width
        self.stages = nn.Sequential(
            nn.Sequential(layer(in_channels, w), layer(w, w)),
            nn.Sequential(layer(w, 2 * w, stride=2), layer(2 * w, 2 * w)),
            nn.Sequential(layer(2 * w, 4 * w, stride=2), layer(4 * w, 4 * w)),
        )
        self.classifier = nn.Linear(4 * w, num_classes)
        nn.init.zeros_(self.classifier.weight)
        nn.init.zeros_(self.classifier.bias)

    def features(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch features rows cols"]:
        """The last stage's feature maps."""
        check_images(images, self.in_channels, dtype=self.classifier.weight.dtype)
        return self.stages(images)

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch num_classes"]:
        return self.classifier(self.features(images).mean(dim=(2, 3)))
