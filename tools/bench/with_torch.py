#!/usr/bin/env python3
"""The jobs with PyTorch: with_torch.py tensor|dataloader JOB MNIST_DIR EPOCHS SEED [THREADS]

tensor: the data in one tensor, batches by indexing it. dataloader: as the tutorials write it.
"""
import resource
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

JOBS = {"A": ([784, 64, 64, 64, 10], 15), "B": ([784, 800, 10], 128)}


def read_idx(path, header):
    with open(path, "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def read_split(folder, name):
    images = read_idx(f"{folder}/{name}-images-idx3-ubyte", 16).reshape(-1, 28, 28)
    return images, read_idx(f"{folder}/{name}-labels-idx1-ubyte", 8).astype(np.int64)


class Images(Dataset):
    """One image at a time, converted when it is asked for, as torchvision's MNIST with ToTensor does."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return torch.from_numpy(self.images[i].astype(np.float32) / 255)[None], int(self.labels[i])


def main():
    style, job, folder, epochs, seed = sys.argv[1:6]
    torch.set_num_threads(int(sys.argv[6]) if len(sys.argv) > 6 else 1)
    torch.manual_seed(int(seed))
    widths, batch = JOBS[job]
    layers = []
    for fan_in, fan_out in zip(widths, widths[1:]):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    net = nn.Sequential(*layers[:-1], nn.LogSoftmax(dim=1))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

    images, labels = read_split(folder, "train")
    if style == "tensor":
        x = torch.from_numpy(images.reshape(-1, 784).astype(np.float32) / 255)
        y = torch.from_numpy(labels)

        def batches():
            order = torch.randperm(len(y))
            for first in range(0, len(y), batch):
                index = order[first:first + batch]
                yield x[index], y[index]
    else:
        loader = DataLoader(Images(images, labels), batch_size=batch, shuffle=True)

        def batches():
            for x, y in loader:
                yield x.view(-1, 784), y

    for _ in range(int(epochs)):
        start = time.perf_counter()
        for inputs, targets in batches():
            optimizer.zero_grad()
            F.nll_loss(net(inputs), targets).backward()
            optimizer.step()
        print("epoch_seconds", time.perf_counter() - start, flush=True)

    test_images, test_labels = read_split(folder, "t10k")
    test = torch.from_numpy(test_images.reshape(-1, 784).astype(np.float32) / 255)
    with torch.no_grad():
        answers = net(test).argmax(1).numpy()
        print("accuracy", (answers == test_labels).mean())
        print("peak_mib", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        for _ in range(7):
            start = time.perf_counter()
            net(test)
            print("batch_ms", (time.perf_counter() - start) * 1e3)
        if job == "A":
            start = time.perf_counter()
            for i in range(2000):
                net(test[i:i + 1])
            print("one_us", (time.perf_counter() - start) * 1e6 / 2000)


if __name__ == "__main__":
    main()
