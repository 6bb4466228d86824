"""Every error that Claxon raises on purpose.

    ClaxonError
    ├── BundleError                  (ValueError)  the folder is not a whole, known, unchanged bundle
    │   ├── BundleNotFoundError      (FileNotFoundError)
    │   └── IntegrityError           a file is missing, unlisted, or differs from the manifest
    ├── InputError                   (ValueError)  the texts are not what can be classified
    │   ├── TokenizationError        the tokenizer failed on a text
    │   └── TruncatedTextError       texts are longer than the limit, and the caller asked to be told
    ├── OptionError                  (ValueError)  an option's value cannot be met: the message lists what can
    ├── OutputError                  (OSError)  a file could not be written: the disk is full, the folder read-only
    ├── DeviceError                  (RuntimeError)  the device asked for is not there; the message says why
    ├── EngineError                  (RuntimeError)  ONNX Runtime failed to load or to run a graph
    ├── MissingDependencyError       (ImportError)  a package is absent; the message names the extra
    ├── ClosedError                  (RuntimeError)  the object was closed
    ├── OverloadedError              (RuntimeError)  too many texts wait in a batcher; the error says when to try again
    ├── RequestTimeoutError          (TimeoutError)  a text was not done in time
    └── JobError                     (RuntimeError)  the job cannot go on; the shards that are done stay done
        ├── JobInputError            (ValueError)  an input cannot be read, or has other columns than the first
        ├── JobMismatchError         (ValueError)  the folder's job has another bundle, other options or other inputs
        ├── JobLockedError           another process works in the folder
        ├── JobRejectsError          (ValueError)  more rows could not be labelled than are allowed
        ├── JobWriteError            (OSError)  the folder cannot be written to: a full disk, for instance
        ├── JobWorkerError           a shard ended its worker again and again
        └── JobDamagedError          (ValueError)  shards are missing, or their files are not those that were written

``claxon_export.errors`` continues the tree for everything that happens before a bundle exists.
Each inherits a built-in class as well, so that ``except ValueError`` means what it says.
"""

from __future__ import annotations


class ClaxonError(Exception):
    """The root: ``except claxon.ClaxonError`` catches whatever Claxon raises on purpose."""


class BundleError(ClaxonError, ValueError):
    """The folder is not a bundle that this version can read."""


class BundleNotFoundError(BundleError, FileNotFoundError):
    """There is no bundle at the path."""


class IntegrityError(BundleError):
    """A file of the bundle is missing, not listed, or not the one that the manifest describes."""


class InputError(ClaxonError, ValueError):
    """The texts are not what can be classified: not strings, not a sequence, no such column."""


class TokenizationError(InputError):
    """The tokenizer's native code failed on a text, which ``text`` is."""

    def __init__(self, message: str, text: str = "") -> None:
        super().__init__(message)
        self.text = text

    def __reduce__(self) -> tuple[type[TokenizationError], tuple[str, str]]:
        """Pickle with the text."""
        return type(self), (str(self), self.text)


class TruncatedTextError(InputError):
    """Some texts are longer than the limit, and ``on_truncation="error"`` was asked for."""


class OptionError(ClaxonError, ValueError):
    """An option has a value that cannot be met."""


class OutputError(ClaxonError, OSError):
    """A file could not be written; what was there before is there still."""


class DeviceError(ClaxonError, RuntimeError):
    """The device asked for cannot be used here."""


class EngineError(ClaxonError, RuntimeError):
    """ONNX Runtime could not load or run a graph."""


class MissingDependencyError(ClaxonError, ImportError):
    """A package that the call needs is not installed."""


class ClosedError(ClaxonError, RuntimeError):
    """The object was closed, and has no session to run."""


class OverloadedError(ClaxonError, RuntimeError):
    """Too many texts wait in a ``Batcher``; ``retry_after_s`` is about how many seconds until there is room."""

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[type[OverloadedError], tuple[str, float]]:
        """Pickle with the seconds."""
        return type(self), (str(self), self.retry_after_s)


class RequestTimeoutError(ClaxonError, TimeoutError):
    """A text was not done within the ``timeout_s`` of its ``Batcher``."""


class JobError(ClaxonError, RuntimeError):
    """The job cannot go on; the shards that are done stay done, and the same command goes on from them."""


class JobInputError(JobError, ValueError):
    """An input is not there, is damaged, was changed since the job was planned, or has other columns."""


class JobMismatchError(JobError, ValueError):
    """The folder holds another job; the message says what differs."""


class JobLockedError(JobError):
    """Another process works in the folder."""


class JobRejectsError(JobError, ValueError):
    """More rows could not be labelled than are allowed."""


class JobWriteError(JobError, OSError):
    """The folder cannot be written to."""


class JobWorkerError(JobError):
    """A worker died, and so did those that took its place."""


class JobDamagedError(JobError, ValueError):
    """What lies in the folder is not what the job wrote, or not all of it."""
