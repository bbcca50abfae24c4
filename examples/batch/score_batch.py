"""Scores a Parquet file and tells Leeway: a batch job that can crash anywhere and be run again. Copy it and put your model in `score`.

    LEEWAY_KEY=lw_… python score_batch.py customers.parquet --output scores --model churn --version v1 \\
        --id-column customer_id --truth-column churned

The output folder is the job: its scores, and how far it has come. The file is scored a part at a time, so that memory does not grow with it.
Each part is written first and then sent as it was written, with an idempotency key of its own; a run after a crash takes up the parts that
are there and sends those that were not answered again, under the same keys. So each row counts once.

Leeway remembers a key for an hour at least. A part that was sent longer ago and never answered may be counted or not: then the job stops
and says so, and `--unanswered send` or `--unanswered skip` decides.

Needs Python 3.9 or newer, pandas and pyarrow.
"""

from __future__ import annotations

import argparse
import datetime
import http.client
import json
import os
import pathlib
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

# Less than the hour for which Leeway remembers keys, with room for one long try.
KEY_SECONDS = 50 * 60
# Leeway's limit for one payload that is not a file.
MAX_TRUTH_ROWS = 10_000
TRUTH_COUNTS = ("receivedCount", "storedCount", "unchangedCount", "notCapturedCount", "rejectedCount")
TRY_SECONDS = 300


def score(customers: pd.DataFrame) -> pd.DataFrame:
    """The model: columns to add to each row. Churn falls with age, and is lower in Germany."""
    logit = 1.5 - customers["age"] / 30 - 0.7 * (customers["country"] == "DE")
    return pd.DataFrame({"score": 1 / (1 + np.exp(-logit))})


class JobError(Exception):
    """What the person who runs the job can act on."""


# --- The job in its folder --------------------------------------------------------------------------------------------


class Folder:
    """What a job has done so far. Every file appears whole or not at all."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        path.mkdir(parents=True, exist_ok=True)

    def job(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The job that began here, with its id and time; one with other settings has other parts and must not go on in its place."""
        stored = self._read("job.json")
        if stored is None:
            began_at = datetime.datetime.now(datetime.timezone.utc).isoformat()
            stored = {"id": uuid.uuid4().hex, "beganAt": began_at, **settings}
            self._write("job.json", stored)
        differences = [name for name, value in settings.items() if stored.get(name) != value]
        if differences:
            raise JobError(
                f"{self._path} belongs to a job with another {', '.join(differences)}; choose another folder"
            )
        return stored

    def scores(self, part: int) -> pathlib.Path:
        return self._path / f"part-{part:06}.parquet"

    def write_scores(self, part: int, table: pa.Table) -> None:
        temporary = self._path / f".part-{part:06}.{os.getpid()}"
        pq.write_table(table, temporary)
        _move_durably(temporary, self.scores(part))

    def receipt(self, part: int, kind: str) -> dict[str, Any] | None:
        return self._read(f"part-{part:06}.{kind}.json")

    def write_receipt(self, part: int, kind: str, receipt: dict[str, Any]) -> None:
        self._write(f"part-{part:06}.{kind}.json", receipt)

    def first_sent_at(self, part: int, again: bool = False) -> float:
        """When the part was sent for the first time, in Unix seconds: now, if it was not. It is written down before it is sent."""
        name = f"part-{part:06}.sending.json"
        stored = None if again else self._read(name)
        if stored is None:
            stored = {"at": time.time()}
            self._write(name, stored)
        return float(stored["at"])

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            content: dict[str, Any] = json.loads((self._path / name).read_text())
            return content
        except FileNotFoundError:
            return None

    def _write(self, name: str, content: dict[str, Any]) -> None:
        temporary = self._path / f".{name}.{os.getpid()}"
        temporary.write_text(json.dumps(content))
        _move_durably(temporary, self._path / name)


def _move_durably(temporary: pathlib.Path, target: pathlib.Path) -> None:
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, target)


# --- Scoring ----------------------------------------------------------------------------------------------------------


def parts_of(path: str, part_rows: int) -> Iterator[pa.Table]:
    """The rows of a Parquet file, so many at a time whatever its row groups are: a part is the same in every run."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in pq.ParquetFile(path).iter_batches(batch_size=min(part_rows, 65_536)):
        waiting.append(batch)
        count += batch.num_rows
        while count >= part_rows:
            table = pa.Table.from_batches(waiting)
            yield table.slice(0, part_rows)
            waiting = table.slice(part_rows).to_batches()
            count -= part_rows
    if count > 0:
        yield pa.Table.from_batches(waiting)


def scored(customers: pd.DataFrame, ids: pd.Series, without: list[str]) -> pa.Table:
    """The rows as Leeway takes them: features and scores, the inference id, and the time at which they were scored."""
    features = customers.drop(columns=without)
    columns = pd.concat([features, score(features).set_index(features.index)], axis=1)
    columns["inference_id"] = ids
    columns["timestamp"] = pd.Timestamp.now(tz="UTC").floor("ms")
    return pa.Table.from_pandas(columns, preserve_index=False)


def ids_of(customers: pd.DataFrame, id_column: str | None, prefix: str) -> pd.Series:
    if id_column is None:
        return pd.Series([f"{prefix}-{row}" for row in range(len(customers))], index=customers.index)
    ids = customers[id_column].astype(str)
    if ids.duplicated().any() or customers[id_column].isna().any():
        raise JobError(f"{id_column} must be there and differ in every row: Leeway counts an inference id once a part")
    return ids


# --- Leeway -----------------------------------------------------------------------------------------------------------


class Leeway:
    """Sends requests until they are answered."""

    def __init__(self, url: str, api_key: str) -> None:
        self._url = url.rstrip("/") + "/api/v1"
        self._api_key = api_key

    def post(self, path: str, body: bytes, headers: dict[str, str], give_up_seconds: float) -> dict[str, Any]:
        """The answer. Raises JobError when Leeway refuses, or does not answer in time."""
        request = urllib.request.Request(
            self._url + path, body, {"authorization": f"Bearer {self._api_key}", **headers}
        )
        give_up_at = time.monotonic() + give_up_seconds
        delay = 0.5
        while True:
            pause = delay * random.uniform(0.5, 1)
            try:
                with urllib.request.urlopen(request, timeout=TRY_SECONDS) as answer:
                    receipt: dict[str, Any] = json.loads(answer.read())
                    return receipt
            except urllib.error.HTTPError as error:
                detail = f"HTTP {error.code}: {error.read(2_000).decode('utf-8', 'replace')}"
                if error.code < 500 and error.code not in (408, 425, 429):
                    raise JobError(f"Leeway refused {path}: {detail}") from None
                pause = max(pause, _seconds(error.headers.get("retry-after")))
            except (OSError, http.client.HTTPException, ValueError) as error:
                detail = repr(error)
            if time.monotonic() + pause > give_up_at:
                raise JobError(f"Leeway did not take {path}; run the job again. The last try: {detail}")
            print(f"score_batch: trying {path} again in {pause:.1f} s: {detail}", file=sys.stderr, flush=True)
            time.sleep(pause)
            delay = min(2 * delay, 30)


def _seconds(header: str | None) -> float:
    return min(float(header), 600.0) if header is not None and header.isdigit() else 0.0


def _quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="")


# --- The run ----------------------------------------------------------------------------------------------------------


class Job:
    def __init__(self, arguments: argparse.Namespace, leeway: Leeway) -> None:
        self._arguments = arguments
        self._leeway = leeway
        self._folder = Folder(arguments.output)
        self._model = f"/models/{_quoted(arguments.model)}"
        job = self._folder.job(
            {
                "input": str(pathlib.Path(arguments.input).resolve()),
                "inputBytes": os.path.getsize(arguments.input),
                "partRows": arguments.part_rows,
                "model": arguments.model,
                "version": arguments.version,
            }
        )
        self._id = str(job["id"])
        # The same in every run, so that a truth that is sent twice is the same one.
        self._observed_at = arguments.observed_at or str(job["beganAt"])

    def run(self) -> dict[str, int]:
        totals = dict.fromkeys(("parts", "rows", "accepted", "rejected", "skipped", "truths", "rejectedTruths"), 0)
        for part, table in enumerate(parts_of(self._arguments.input, self._arguments.part_rows)):
            customers = table.to_pandas()
            ids = ids_of(customers, self._arguments.id_column, f"{self._id}-{part}")
            receipt = self._folder.receipt(part, "scores") or self._count(part, customers, ids)
            truth = self._folder.receipt(part, "truth") or self._tell_truth(part, customers, ids)
            totals["parts"] += 1
            totals["rows"] += len(customers)
            for name in ("accepted", "rejected", "skipped"):
                totals[name] += receipt[f"{name}Count"]
            totals["truths"] += truth["receivedCount"]
            totals["rejectedTruths"] += truth["rejectedCount"]
            print(f"part {part}: {json.dumps(receipt)}", flush=True)
        return totals

    def _count(self, part: int, customers: pd.DataFrame, ids: pd.Series) -> dict[str, Any]:
        """Scores a part and has it counted, from where the last run came to."""
        scores = self._folder.scores(part)
        if not scores.exists():
            without = [name for name in (self._arguments.id_column, self._arguments.truth_column) if name is not None]
            self._folder.write_scores(part, scored(customers, ids, without))
        age = time.time() - self._folder.first_sent_at(part)
        if age < KEY_SECONDS:
            receipt = self._send(part, scores, KEY_SECONDS - age)
        elif self._arguments.unanswered == "send":
            self._folder.first_sent_at(part, again=True)
            receipt = self._send(part, scores, KEY_SECONDS)
        elif self._arguments.unanswered == "skip":
            receipt = {"acceptedCount": 0, "rejectedCount": 0, "skippedCount": len(customers)}
        else:
            raise JobError(
                f"part {part} was sent {age / 60:.0f} minutes ago and not answered: Leeway may have counted it, and may "
                "have forgotten its key. Look whether its rows are there, and run again with --unanswered send or skip"
            )
        self._folder.write_receipt(part, "scores", receipt)
        return receipt

    def _send(self, part: int, scores: pathlib.Path, key_seconds: float) -> dict[str, Any]:
        answer = self._leeway.post(
            f"{self._model}/versions/{_quoted(self._arguments.version)}/inferences",
            scores.read_bytes(),
            {"content-type": "application/vnd.apache.parquet", "idempotency-key": f"{self._id}-{part}"},
            min(self._arguments.give_up_seconds, key_seconds),
        )
        names = ("status", "acceptedCount", "rejectedCount", "rejections", "ignoredColumns")
        return {**{name: answer[name] for name in names}, "skippedCount": 0}

    def _tell_truth(self, part: int, customers: pd.DataFrame, ids: pd.Series) -> dict[str, Any]:
        """Sends what is known by now; rows without a value are left out. It may be sent twice: the value stays the same."""
        if self._arguments.truth_column is None:
            return dict.fromkeys(TRUTH_COUNTS, 0)
        truth = customers[self._arguments.truth_column]
        known = truth.notna()
        rows = [
            {"id": inference_id, "value": value, "observedAt": self._observed_at}
            for inference_id, value in zip(ids[known].tolist(), truth[known].tolist())
        ]
        receipt: dict[str, Any] = {**dict.fromkeys(TRUTH_COUNTS, 0), "rejections": []}
        for start in range(0, len(rows), MAX_TRUTH_ROWS):
            body = json.dumps({"rows": rows[start : start + MAX_TRUTH_ROWS]}, allow_nan=False).encode()
            headers = {"content-type": "application/json"}
            answer = self._leeway.post(f"{self._model}/ground-truth", body, headers, self._arguments.give_up_seconds)
            for name in TRUTH_COUNTS:
                receipt[name] += answer[name]
            receipt["rejections"] += answer["rejections"][:3]
        self._folder.write_receipt(part, "truth", receipt)
        return receipt


def arguments_of(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("input", help="a Parquet file with the columns of the version's features")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="the folder of the job")
    parser.add_argument("--model", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--url", default=os.environ.get("LEEWAY_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--id-column", help="becomes the inference id; without it, rows are numbered")
    parser.add_argument("--truth-column", help="what really happened, where it is known; it is not sent as a feature")
    parser.add_argument("--observed-at", help="when the truth became known (RFC 3339); when the job began, without it")
    parser.add_argument("--part-rows", type=int, default=50_000)
    parser.add_argument("--give-up-seconds", type=float, default=1_800, help="how long one part is tried")
    parser.add_argument(
        "--unanswered", choices=("send", "skip"), help="what becomes of parts whose key may be forgotten"
    )
    arguments = parser.parse_args(words)
    if arguments.part_rows < 1:
        parser.error("--part-rows must be at least 1")
    if "LEEWAY_KEY" not in os.environ:
        parser.error("the environment variable LEEWAY_KEY must hold an API key")
    return arguments


def main() -> int:
    arguments = arguments_of(sys.argv[1:])
    try:
        totals = Job(arguments, Leeway(arguments.url, os.environ["LEEWAY_KEY"])).run()
    except (JobError, OSError, pa.ArrowInvalid) as error:
        print(f"score_batch: {error}", file=sys.stderr)
        return 1
    print(json.dumps(totals))
    return 0


if __name__ == "__main__":
    sys.exit(main())
