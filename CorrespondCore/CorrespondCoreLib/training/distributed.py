"""Several processes that train one network, as `torchrun` starts them: one per GPU, or on CPUs; on one or several machines.

Each takes its share of every batch; gradients are averaged. The result is that of one process with the whole batch, up to
rounding, for networks whose normalizations see one sample at a time. Statistics over the batch are of each process's own share,
unless the network's batch normalizations are synchronized, which torch can do on GPUs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from ..errors import InputError

PATIENCE = timedelta(hours=2)  # the others wait so long while the first one validates


@dataclass(frozen=True)
class Processes:
    """This process among those that train together."""

    device: torch.device
    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this one writes files and reports."""
        return self.rank == 0

    def share(self, batch: int) -> int:
        """Samples of a batch that this process takes.

        Raises:
            InputError: the batch cannot be shared evenly.
        """
        if batch % self.count:
            raise InputError(f"A batch of {batch} cannot be shared by {self.count} processes: set batch to a multiple of them.")
        return batch // self.count

    def joined(self, network: nn.Module) -> nn.Module:
        """The network whose gradients are averaged over the processes; itself where there is one process."""
        if self.count == 1:
            return network
        return DistributedDataParallel(network, device_ids=[self.device] if self.device.type == "cuda" else None)

    def same(self, network: nn.Module) -> None:
        """Give the network of every process the weights of the first one's."""
        if self.count > 1:
            for value in network.state_dict().values():
                distributed.broadcast(value, 0)

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """The mean of values over the processes, the same in each."""
        if self.count > 1:
            values = values.to(self.device)
            distributed.all_reduce(values)
            values = values / self.count
        return values.cpu()


@contextmanager
def processes(device: str) -> Iterator[Processes]:
    """Join the group that `torchrun` started, or be alone where it did not.

    Args:
        device: "cpu", or "cuda": then each process takes the GPU of its number on its machine.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes(torch.device(device))
        return
    chosen = torch.device(device)
    if chosen.type == "cuda":
        chosen = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(chosen)
    distributed.init_process_group("nccl" if chosen.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Processes(chosen, distributed.get_rank(), count)
        distributed.barrier()  # nobody leaves while another one still writes or needs its connection
    finally:
        distributed.destroy_process_group()
