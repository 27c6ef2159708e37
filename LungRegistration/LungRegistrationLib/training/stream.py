"""The order of the pairs, which follows from the seed and the place alone, and their supply, prepared beside the training."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import SimpleITK as sitk
from torch.utils.data import DataLoader

from .mirrored import mirrored
from .pairs import PairSource, TrainingPair

AHEAD = 2  # pairs that each worker prepares in advance


def pair_at(place: int, count: int | None, seed: int) -> int:
    """Number of the pair at a place of the stream: every pair once in a random order, then again in another one.

    Without a count the pairs never end, and the place is the number.
    """
    if count is None:
        return place
    return int(_order(count, seed, place // count)[place % count])


@lru_cache(maxsize=4)
def _order(count: int, seed: int, turn: int) -> np.ndarray:
    return np.random.default_rng([seed, 5, turn]).permutation(count)


class PairStream:
    """The pairs of one process, in order, from any place on.

    Args:
        source: what is drawn from.
        seed: of the order.
        first: place of the first pair.
        rank, processes: of the places `first`, `first` + 1, ... every process takes one in turn.
        workers: processes that prepare pairs; 0: pairs are prepared when they are asked for.
        keep: pairs stay in memory, to be prepared only once.
        mirror: every pair takes two places in succession: as it is, then mirrored.

    Attributes:
        waited: seconds that the training waited for pairs.
        taken: pairs that were taken.
    """

    def __init__(
        self,
        source: PairSource,
        seed: int,
        first: int,
        rank: int = 0,
        processes: int = 1,
        workers: int = 0,
        keep: bool = False,
        mirror: bool = False,
    ):
        self._source, self._seed, self._views = source, seed, 2 if mirror else 1
        self._first, self._step = first + rank, processes
        self._workers = workers
        self._kept: dict[int, TrainingPair] | None = {} if keep and source.count is not None else None
        self.waited, self.taken = 0.0, 0

    def __iter__(self) -> Iterator[TrainingPair]:
        kept = self._kept
        prepared = iter(self._prepared())
        last = -1
        for turn, is_mirrored in self._turns():
            began = time.perf_counter()
            number = pair_at(turn, self._source.count, self._seed)
            if kept is not None and number in kept:
                pair = kept[number]
            elif turn != last:
                pair = next(prepared)
                if kept is not None:
                    kept[number] = pair
            last = turn
            self.waited += time.perf_counter() - began
            self.taken += 1
            yield mirrored(pair) if is_mirrored else pair

    def _turns(self) -> Iterator[tuple[int, bool]]:
        """For each place of this process, which pair's turn it is, and whether that is seen mirrored."""
        place = self._first
        while True:
            yield place // self._views, place % self._views == 1
            place += self._step

    def _numbers(self) -> Iterator[int]:
        """The numbers of the pairs, in turn."""
        last = -1
        for turn, _ in self._turns():
            if turn != last:
                yield pair_at(turn, self._source.count, self._seed)
            last = turn

    def _needed(self) -> Iterator[int]:
        """The numbers that must be prepared: all, or each once where pairs stay in memory."""
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

    def _prepared(self) -> Iterator[TrainingPair]:
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


def _as_it_is(pair: Any) -> Any:
    return pair


def _one_thread(_worker: int) -> None:
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
