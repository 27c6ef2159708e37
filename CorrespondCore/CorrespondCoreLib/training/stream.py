"""The order of the samples, which follows from the seed and the place alone, and their supply, prepared beside the training."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import SimpleITK as sitk
from torch.utils.data import DataLoader

AHEAD = 2  # samples that each worker prepares in advance
Sample = TypeVar("Sample")
Given = TypeVar("Given", covariant=True)


class SampleSource(Protocol[Given]):
    """Numbered samples; `count` is None where there is no end of them."""

    @property
    def count(self) -> int | None: ...

    def __getitem__(self, index: int) -> Given: ...


def sample_at(place: int, count: int | None, seed: int) -> int:
    """Number of the sample at a place of the stream: every sample once in a random order, then again in another one.

    Without a count the samples never end, and the place is the number.
    """
    if count is None:
        return place
    return int(_order(count, seed, place // count)[place % count])


@lru_cache(maxsize=4)
def _order(count: int, seed: int, turn: int) -> np.ndarray:
    return np.random.default_rng([seed, 5, turn]).permutation(count)


class SampleStream(Generic[Sample]):
    """The samples of one process, in order, from any place on.

    Args:
        source: what is drawn from.
        seed: of the order.
        first: place of the first sample.
        rank, processes: of the places `first`, `first` + 1, ... every process takes one in turn.
        workers: processes that prepare samples; 0: samples are prepared when they are asked for.
        keep: samples stay in memory, to be prepared only once.
        views: every sample takes as many more places in succession, each time seen through one of these (mirrored, say).

    Attributes:
        waited: seconds that the training waited for samples.
        taken: samples that were taken.
    """

    def __init__(
        self,
        source: SampleSource[Sample],
        seed: int,
        first: int,
        rank: int = 0,
        processes: int = 1,
        workers: int = 0,
        keep: bool = False,
        views: Sequence[Callable[[Sample], Sample]] = (),
    ):
        self._source, self._seed, self._views = source, seed, tuple(views)
        self._first, self._step = first + rank, processes
        self._workers = workers
        self._kept: dict[int, Sample] | None = {} if keep and source.count is not None else None
        self.waited, self.taken = 0.0, 0

    def __iter__(self) -> Iterator[Sample]:
        kept = self._kept
        prepared = iter(self._prepared())
        last = -1
        for turn, view in self._turns():
            began = time.perf_counter()
            number = sample_at(turn, self._source.count, self._seed)
            if kept is not None and number in kept:
                sample = kept[number]
            elif turn != last:
                sample = next(prepared)
                if kept is not None:
                    kept[number] = sample
            last = turn
            self.waited += time.perf_counter() - began
            self.taken += 1
            yield sample if view is None else view(sample)

    def _turns(self) -> Iterator[tuple[int, Callable[[Sample], Sample] | None]]:
        """For each place of this process, which sample's turn it is, and how that is seen."""
        place = self._first
        while True:
            turn, k = divmod(place, 1 + len(self._views))
            yield turn, self._views[k - 1] if k else None
            place += self._step

    def _numbers(self) -> Iterator[int]:
        """The numbers of the samples, in turn."""
        last = -1
        for turn, _ in self._turns():
            if turn != last:
                yield sample_at(turn, self._source.count, self._seed)
            last = turn

    def _needed(self) -> Iterator[int]:
        """The numbers that must be prepared: all, or each once where samples stay in memory."""
        if self._kept is None:
            yield from self._numbers()
            return
        seen: set[int] = set()
        for number in self._numbers():
            if number not in seen:
                seen.add(number)
                yield number
            if len(seen) == self._source.count:
                return

    def _prepared(self) -> Iterator[Sample]:
        if not self._workers:
            return (self._source[number] for number in self._needed())
        loader: DataLoader[Any] = DataLoader(
            self._source,  # type: ignore[arg-type]
            batch_size=None,
            sampler=self._needed(),  # type: ignore[arg-type]
            num_workers=self._workers,
            prefetch_factor=AHEAD,
            collate_fn=_as_it_is,
            worker_init_fn=_one_thread,
            multiprocessing_context="spawn",
        )
        return iter(loader)


def _as_it_is(sample: Any) -> Any:
    return sample


def _one_thread(_worker: int) -> None:
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
