"""What is needed to load an encoder again, in a forked child or in another process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import GraphVariant
from claxon.encoder.loading import LoadOptions, load_parts, runner_of
from claxon.engine.providers import Device
from claxon.engine.runner import BatchRunner
from claxon.errors import DeviceError, OptionError

if TYPE_CHECKING:
    from claxon.encoder.encoder import Encoder

    Loaded = TypeVar("Loaded", bound=Encoder)


@dataclass(frozen=True, slots=True)
class LoadSpec:
    """The bundle, the options that an encoder was loaded with, and the graph and device that were chosen."""

    bundle: Bundle
    options: LoadOptions
    variant: GraphVariant
    device: Device

    def runner_of_child(self, inherited: BatchRunner) -> BatchRunner:
        """Load the same graph again in a forked child, with the token budget of the inherited runner.

        Raises:
            DeviceError: it ran on a device that cannot be used in a forked child.
            OptionError: it has the caller's own ``session_options``, which serve for one session.
            BundleError: the bundle is not there any more, or another one is.
        """
        if self.device is not Device.CPU:
            raise DeviceError(
                f"{self.bundle.path} runs on {self.device}, which a forked process cannot use: load the bundle in the "
                "child, or start it with multiprocessing's 'spawn'"
            )
        self._check_options("used in a forked process")
        bundle = Bundle.open(self.bundle.path, expected_digest=self.bundle.digest)
        options = self.options.copy()
        options |= {"device": self.device, "precision": self.variant.precision, "tune": False}
        runner = runner_of(bundle, load_parts(bundle, **options))
        runner.token_budget = inherited.token_budget
        return runner

    def travelling(self, token_budget: int) -> tuple[str, str, LoadOptions, int]:
        """Return what ``reopen`` needs in another process.

        Raises:
            OptionError: as ``runner_of_child``.
        """
        self._check_options("pickled or copied")
        return str(self.bundle.path), self.bundle.digest, self.options, token_budget

    def _check_options(self, deed: str) -> None:
        if self.options.get("session_options") is not None:
            raise OptionError(
                f"{self.bundle.path} was loaded with session_options, so it cannot be {deed}: load it there"
            )


def reopen(kind: type[Loaded], path: str, digest: str, options: Any, token_budget: int) -> Loaded:
    """Load an encoder from what ``LoadSpec.travelling`` returned.

    Raises:
        IntegrityError: the bundle at the path is another one by now.
        As ``Encoder.load``.
    """
    encoder = kind.load(path, expected_digest=digest, **options)
    encoder.token_budget = token_budget
    return encoder
