"""Where real data and real models are found; what needs them is skipped, with the reason, where they are not."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import claxon
import claxon_export
from tests.checkpoints import write_checkpoint
from tests.entailment import write_entailment
from tests.head_kinds import add_kinds
from tests.texts import REVIEWS

# How long an example takes shows how slow, busy or emulated the machine is, not that something is wrong.
settings.register_profile("claxon", deadline=None)
settings.load_profile("claxon")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def _folder(variable: str, fallback: Path) -> Path:
    folder = Path(os.environ.get(variable, fallback)).expanduser()
    if not folder.is_dir():
        pytest.skip(f"no {variable} is set and the fallback folder is absent")
    return folder


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Real labelled texts: amazon_reviews, amazon_stars, emotion, sst2."""
    return _folder("CLAXON_DATA", SHARED / "data")


@pytest.fixture(scope="session")
def shared_models_folder() -> Path:
    """Small real checkpoints: distilbert-sst2-mini."""
    return _folder("CLAXON_SHARED_MODELS", SHARED / "models")


@pytest.fixture(scope="session")
def fetched_models_folder() -> Path:
    """The Hub's checkpoints: all-MiniLM-L6-v2 and all-mpnet-base-v2."""
    return _folder("CLAXON_MODELS", Path("~/.cache/claxon/models"))


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What Claxon keeps is kept apart from what the user keeps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAXON_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence encoder with random weights: MPNet, 2 layers, width 32, at most 48 tokens."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny-mpnet", "mpnet")


@pytest.fixture(scope="session")
def tiny_classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DistilBERT classifier with random weights and the labels NEGATIVE and POSITIVE."""
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny-distilbert"
    return write_checkpoint(folder, "distilbert", labels=("NEGATIVE", "POSITIVE"))


@pytest.fixture(scope="session")
def tiny_bundle(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of ``tiny_checkpoint`` with the heads ``sentiment`` (logistic) and ``topic`` (similarity); read only."""
    bundle = tmp_path_factory.mktemp("bundles") / "tiny"
    claxon_export.export(tiny_checkpoint, bundle)
    claxon_export.fit(bundle, list(REVIEWS), list(REVIEWS.values()), head="sentiment", test_size=0)
    claxon_export.add_head(bundle, "topic", labels=claxon.LabelSet.of(["book", "phone", "food"]))
    return bundle


@pytest.fixture(scope="session")
def bundle_of_kinds(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``tiny_bundle`` with the heads ``tags``, ``margin`` and ``stars`` of ``add_kinds`` as well; read only."""
    bundle = tmp_path_factory.mktemp("bundles") / "kinds"
    shutil.copytree(tiny_bundle, bundle)
    add_kinds(bundle)
    return bundle


@pytest.fixture(scope="session")
def bundle_of_two_precisions(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of ``tiny_checkpoint`` that holds fp32 and int8, without heads; read only."""
    bundle = tmp_path_factory.mktemp("bundles") / "two"
    return claxon_export.export(tiny_checkpoint, bundle, precision=["fp32", "int8"], verify=False).path


@pytest.fixture(scope="session")
def entailment_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a DistilBERT with random weights and the labels contradiction, entailment and neutral; read only."""
    return write_entailment(tmp_path_factory.mktemp("entailment")) / "bundle"


@pytest.fixture
def copied_bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy of ``tiny_bundle`` that a test may change."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))


def _skip_unless_clusters_are_wanted() -> None:
    if os.environ.get("CLAXON_CLUSTERS") != "1":
        pytest.skip("clusters take minutes on a busy machine: make test-clusters starts them (CLAXON_CLUSTERS=1)")


@pytest.fixture(scope="session")
def local_ray() -> Iterator[Any]:
    """The module ``ray``, connected to a cluster of its own on this machine: two actors and one reader find room."""
    _skip_unless_clusters_are_wanted()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray = pytest.importorskip("ray", reason="ray is not installed")
        _start_ray(ray)
        with warnings.catch_warnings():  # of its own defaults
            warnings.filterwarnings("ignore", r"`use_\w+` is deprecated", DeprecationWarning)
            ray.data.DataContext.get_current().enable_progress_bars = False
        yield ray
        ray.shutdown()


def _start_ray(ray: Any) -> None:
    """Start Ray; a second time where a busy machine needed more than the 30 seconds that Ray allows itself."""
    store = 80 << 20
    for attempt in (1, 2):
        try:
            ray.init(
                num_cpus=3,
                include_dashboard=False,
                object_store_memory=store,
                log_to_driver=False,
                logging_level="error",
            )
        except Exception as error:  # Ray has no class for it
            if attempt == 2 or "timed out during startup" not in str(error):
                raise
            ray.shutdown()
        else:
            return


@pytest.fixture(scope="session")
def local_spark() -> Iterator[Any]:
    """A Spark session with two processors of this machine."""
    _skip_unless_clusters_are_wanted()
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Java is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        builder = sql.SparkSession.builder.master("local[2]").appName("claxon")
        options = {"spark.ui.enabled": "false", "spark.log.level": "OFF", "spark.driver.memory": "512m"}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
            session = builder.config(map=options).getOrCreate()
        yield session
        session.stop()
