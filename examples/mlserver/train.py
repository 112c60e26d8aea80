"""Trains the two versions of the demo's model and writes one MLServer model folder for each.

The data is the Wisconsin diagnostic breast cancer set (569 rows, 30 measurements, two classes) which
scikit-learn ships inside its package, so nothing is downloaded. Training is deterministic: a fixed split and
a fixed seed give the same scores on each run.

- 1.4.0 is a naive Bayes classifier, served by MLServer's own scikit-learn runtime.
- 1.5.0 is twenty support vector machines that vote: better on rows that it has not seen, slower to answer,
  and for that reason behind a cache of scores (`score_cache.py`), which carries the fault that the demo is
  about.

Run inside the model server's environment: `python train.py FOLDER` fills FOLDER/1.4.0 and FOLDER/1.5.0, and
writes the rows that training has not seen to FOLDER/rows.json, for whoever sends requests.
"""

import json
import pathlib
import shutil
import sys

import joblib
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

MODEL = "screening"
SEED = 20

HERE = pathlib.Path(__file__).resolve().parent


def candidates() -> dict[str, tuple[Pipeline, str]]:
    """Return version -> (untrained pipeline, import path of the MLServer runtime that serves it)."""
    return {
        "1.4.0": (
            make_pipeline(StandardScaler(), GaussianNB()),
            "mlserver_sklearn.SKLearnModel",
        ),
        "1.5.0": (
            make_pipeline(
                StandardScaler(), BaggingClassifier(SVC(C=4, gamma=0.02), n_estimators=20, random_state=SEED)
            ),
            "score_cache.CachedScores",
        ),
    }


def write_model_folder(*, folder: pathlib.Path, version: str, pipeline: Pipeline, runtime: str) -> None:
    """Write what `mlserver start FOLDER` reads: trained pipeline, settings, and the runtime if it is ours."""
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(pipeline, folder / "model.joblib")
    if runtime.startswith("score_cache."):
        shutil.copyfile(HERE / "score_cache.py", folder / "score_cache.py")
    settings = {
        "name": MODEL,
        "implementation": runtime,
        "parameters": {"uri": "./model.joblib", "version": version},
    }
    (folder / "model-settings.json").write_text(json.dumps(settings, indent=2) + "\n")


def main(target: pathlib.Path) -> None:
    """Train each version, print its accuracy on rows it has not seen, and write its folder below `target`."""
    rows, classes = load_breast_cancer(return_X_y=True)
    seen_rows, unseen_rows, seen_classes, unseen_classes = train_test_split(
        rows, classes, test_size=0.3, random_state=SEED, stratify=classes
    )
    target.mkdir(parents=True, exist_ok=True)
    (target / "rows.json").write_text(json.dumps(unseen_rows.tolist()))
    for version, (pipeline, runtime) in candidates().items():
        pipeline.fit(seen_rows, seen_classes)
        accuracy = pipeline.score(unseen_rows, unseen_classes)
        write_model_folder(folder=target / version, version=version, pipeline=pipeline, runtime=runtime)
        print(f"{MODEL} {version}: accuracy {accuracy:.3f} on {len(unseen_rows)} rows kept aside")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
