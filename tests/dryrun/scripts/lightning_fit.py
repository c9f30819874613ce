"""A convolutional net, fitted by Lightning in 16-bit mixed precision with validation and a checkpoint."""

import tempfile

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Classifier(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(128, 10),
        )

    def training_step(self, batch, index):
        images, target = batch
        loss = nn.functional.cross_entropy(self.net(images), target)
        self.log("loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch, index):
        images, target = batch
        logits = self.net(images)
        self.log("accuracy", (logits.argmax(1) == target).float().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters())


def images(count):
    data = TensorDataset(torch.randn(count, 3, 64, 64), torch.randint(10, (count,)))
    return DataLoader(data, batch_size=32)


with tempfile.TemporaryDirectory() as folder:
    trainer = lightning.Trainer(
        accelerator="gpu",
        devices=1,
        precision="16-mixed",
        max_epochs=2,
        default_root_dir=folder,
        logger=False,
        enable_progress_bar=False,
    )
    trainer.fit(Classifier(), images(96), images(64))
print(torch.cuda.max_memory_allocated())
