"""Tells Leeway what a FastAPI or Starlette service predicts. Copy this file into your service.

    leeway = LeewayClient(url="http://leeway:8080", api_key=os.environ["LEEWAY_KEY"], model="churn", version="v1")
    app.add_middleware(LeewayMiddleware, client=leeway, routes={"POST /predict": json_rows()})

What it promises to the service:

- A request is never held up and never broken. The application reads its request and sends its response as without the
  middleware, streams and errors included; what it takes beside that is a copy, bounded by `max_body_bytes`. Everything
  else happens later, in two background threads.
- Memory is bounded by `max_queued_rows` and `max_queued_bytes`. When they are full the oldest rows give way to the newest.
- Nothing is lost in silence: `stats()` accounts for each row, a warning is logged once a minute at most, and
  `metrics_path` shows the counts to Prometheus.

What it promises to the counts: rows are sent in batches with an idempotency key each, and the same batch is sent again until
Leeway has answered, so that each row counts once. Rows that wait in memory when the process is killed are gone.

Needs Python 3.9 or newer and nothing beside the standard library: the middleware is plain ASGI.
"""

from __future__ import annotations

import asyncio
import atexit
import collections
import dataclasses
import datetime
import decimal
import email.utils
import enum
import hashlib
import http.client
import itertools
import json
import logging
import math
import os
import random
import ssl
import threading
import time
import urllib.parse
import uuid
import weakref
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("leeway")

# Leeway's own limits are 10,000 rows and 16 MiB; proxies often allow 1 MiB.
MAX_BATCH_ROWS = 10_000
# Leeway remembers an idempotency key for an hour at least: a batch that is sent again later could count twice.
MAX_GIVE_UP_SECONDS = 3_000.0
# How long calls gather before rows are made of them. Waking the thread for each would cost the service more than the work.
ROWS_EVERY_SECONDS = 0.2
# A connection that was idle for longer is not used again: the server may be closing it, and the answer would be lost.
MAX_IDLE_SECONDS = 3.0
WARN_EVERY_SECONDS = 60.0
# What a waiting call holds beside its bodies. Estimated from its headers and objects.
CALL_OVERHEAD_BYTES = 2_000
MAX_ID_LENGTH = 256
MAX_GUNZIPPED_BYTES = 16 * 1024 * 1024
MAX_ANSWER_BYTES = 256 * 1024

# Why a row that was taken is not with Leeway. "unconfirmed" rows may be: the connection broke before the answer came.
DROP_REASONS = ("queue-full", "row-too-large", "gave-up", "refused", "closed")
# Why a call gave no rows.
CALL_OUTCOMES = ("read", "failed", "body-too-large", "queue-full", "closed")


# --- What users describe: calls and rows ------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Row:
    """One inference: values by column. Without an id or a time it gets those of its call."""

    values: Mapping[str, Any]
    inference_id: str | None = None
    timestamp: datetime.datetime | None = None


@dataclasses.dataclass
class Call:
    """One request that was answered with 2xx, as the service received it and as its client got the answer."""

    method: str
    path: str
    status: int
    request_body: bytes
    response_body: bytes
    # As ASGI has them: names in lower case and values, in bytes.
    raw_request_headers: Iterable[tuple[bytes, bytes]]
    raw_response_headers: Iterable[tuple[bytes, bytes]]
    inference_id: str
    served_at: datetime.datetime

    @property
    def request_headers(self) -> dict[str, str]:
        return _texts(self.raw_request_headers)

    @property
    def response_headers(self) -> dict[str, str]:
        return _texts(self.raw_response_headers)

    def request_json(self) -> Any:
        return json.loads(self.request_body)

    def response_json(self) -> Any:
        return json.loads(self.response_body)


# Makes the rows of a call. It runs in a background thread; what it raises is counted and logged, and goes no further.
Extract = Callable[[Call], Iterable[Row]]


def json_rows(
    columns: Sequence[str] | None = None,
    prediction_columns: Sequence[str] = ("prediction",),
    only: Iterable[str] | None = None,
) -> Extract:
    """The rows of JSON calls. Fields of the request and of the response are columns of one row; the response's win.

    A body may be an object (one row), a list (a row each), or KServe V1's `{"instances": […]}` and `{"predictions": […]}`.
    An item that is a list belongs to `columns`, or in the response to `prediction_columns`, by position; one that is a
    single value to the first of them. `only` leaves all other columns out.
    """
    kept = None if only is None else frozenset(only)

    def extract(call: Call) -> list[Row]:
        inputs = _records(call.request_json(), "instances", columns or ())
        outputs = _records(call.response_json(), "predictions", prediction_columns)
        if len(inputs) != len(outputs):
            raise ValueError(f"the request has {len(inputs)} rows and the response {len(outputs)}")
        merged = ({**given, **predicted} for given, predicted in zip(inputs, outputs))
        return [Row(row if kept is None else {name: row[name] for name in row if name in kept}) for row in merged]

    return extract


def _records(body: Any, wrapper: str, columns: Sequence[str]) -> list[Mapping[str, Any]]:
    items = body.get(wrapper, body) if isinstance(body, dict) else body
    return [_record(item, columns) for item in (items if isinstance(items, list) else [items])]


def _record(item: Any, columns: Sequence[str]) -> Mapping[str, Any]:
    if isinstance(item, dict):
        return item
    values = item if isinstance(item, list) else [item]
    if len(values) != len(columns):
        raise ValueError(f"a row has {len(values)} values for {len(columns)} columns: {list(columns)}")
    return dict(zip(columns, values))


# --- The client: a bounded queue, and what became of each row ---------------------------------------------------------


@dataclasses.dataclass
class Stats:
    """What became of everything since the process started. At any moment

    taken_rows = acknowledged_rows + the sum of dropped_rows + unconfirmed_rows + queued_rows.
    """

    # Calls of watched routes by what they gave; those that wait for the background thread are in none.
    calls: dict[str, int]
    waiting_calls: int = 0
    # Rows that calls or `add` gave, without those that sampling left out.
    taken_rows: int = 0
    sampled_out_rows: int = 0
    # Answered by Leeway with 202: it counted each, as accepted or as rejected.
    acknowledged_rows: int = 0
    rejected_rows: int = 0
    dropped_rows: dict[str, int] = dataclasses.field(default_factory=lambda: dict.fromkeys(DROP_REASONS, 0))
    # Given up after a try whose answer was lost: Leeway may have counted them.
    unconfirmed_rows: int = 0
    queued_rows: int = 0
    queued_bytes: int = 0
    # The most that ever waited, to see how near the bounds were.
    max_seen_queued_rows: int = 0
    max_seen_queued_bytes: int = 0
    retries: int = 0


@dataclasses.dataclass
class _Batch:
    """Rows that are sent together, under one key, as often as it takes."""

    payload_id: str
    rows: list[bytes]
    # A try is under way or got no answer, so that Leeway may have counted it.
    may_be_counted: bool = False

    @property
    def body(self) -> bytes:
        return b'{"payloadId":"%s","rows":[%s]}' % (self.payload_id.encode(), b",".join(self.rows))


class LeewayClient:
    """Takes calls and rows at any rate, from any thread, and sends what it can. No method raises after the first."""

    def __init__(
        self,
        url: str,
        api_key: str,
        model: str,
        version: str,
        *,
        sample: float = 1.0,
        max_batch_rows: int = 500,
        max_batch_bytes: int = 512 * 1024,
        max_wait_seconds: float = 1.0,
        max_queued_rows: int = 50_000,
        max_queued_bytes: int = 32 * 1024 * 1024,
        timeout_seconds: float = 10.0,
        give_up_seconds: float = 900.0,
        max_delay_seconds: float = 30.0,
        close_seconds: float = 5.0,
        ca_file: str | None = None,
    ) -> None:
        """
        sample: share of the inferences to send, 0 to 1, chosen by a hash of the inference id.
        max_wait_seconds: how long a row waits for others to join its batch.
        timeout_seconds: how long Leeway may say nothing before a try has failed.
        give_up_seconds: how long one batch is tried before it is dropped; at most 3,000.
        max_delay_seconds: the longest pause between tries; it doubles from 0.2 s, and Retry-After may ask for more.
        close_seconds: how long the shutdown waits for what is queued.

        Raises ValueError for settings that cannot work.
        """
        address = urllib.parse.urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"url must be http(s)://host[:port], not {url!r}")
        if not 0 <= sample <= 1:
            raise ValueError(f"sample must be from 0 to 1, not {sample}")
        if not 1 <= max_batch_rows <= MAX_BATCH_ROWS:
            raise ValueError(f"max_batch_rows must be from 1 to {MAX_BATCH_ROWS}, not {max_batch_rows}")
        if not 0 < give_up_seconds <= MAX_GIVE_UP_SECONDS:
            raise ValueError(f"give_up_seconds must be up to {MAX_GIVE_UP_SECONDS}: Leeway forgets keys after an hour")
        if min(max_batch_bytes, max_wait_seconds, max_queued_rows, max_queued_bytes, timeout_seconds) <= 0:
            raise ValueError("bounds and times must be greater than 0")
        path = f"/api/v1/models/{_quoted(model)}/versions/{_quoted(version)}/inferences"
        self._transport = _Transport(address, path, api_key, timeout_seconds, ca_file)
        self._sample = sample
        self._max_batch_rows = max_batch_rows
        self._max_batch_bytes = max_batch_bytes
        self._max_wait_seconds = max_wait_seconds
        self._max_queued_rows = max_queued_rows
        self._max_queued_bytes = max_queued_bytes
        self._give_up_seconds = give_up_seconds
        self._max_delay_seconds = max_delay_seconds
        self._close_seconds = close_seconds
        self._reset()
        _clients.add(self)

    def _reset(self) -> None:
        """The state of a process: also called in a forked child, whose parent keeps and sends its own rows."""
        self.ids = _Ids()
        self._lock = threading.Lock()
        self._call_added = threading.Condition(self._lock)
        self._row_added = threading.Condition(self._lock)
        self._settled = threading.Condition(self._lock)
        # Each with its function and its size in bytes.
        self._calls: collections.deque[tuple[Callable[[], Call], Extract, int]] = collections.deque()
        self._call_bytes = 0
        self._is_reading = False
        self._rows: collections.deque[bytes] = collections.deque()
        self._batch: _Batch | None = None
        self._stats = Stats(calls=dict.fromkeys(CALL_OUTCOMES, 0))
        self._threads: list[threading.Thread] = []
        self._is_hurried = False
        self._is_closing = False
        self._oldest_row_at = 0.0
        self._warned_at: dict[str, float] = {}
        self._unwarned: dict[str, int] = {}
        self._transport.disconnect()

    # Taking

    def observe(self, call: Callable[[], Call], extract: Extract, size_bytes: int) -> None:
        """Takes a call of so many bytes. It is put together, and its rows are made, in the background."""
        size_bytes += CALL_OVERHEAD_BYTES
        with self._lock:
            if self._call_bytes + size_bytes > self._max_queued_bytes:
                self._stats.calls["queue-full"] += 1
                return
            self._calls.append((call, extract, size_bytes))
            self._call_bytes += size_bytes
            if len(self._calls) == 1:
                self._call_added.notify()
        if not self._threads:
            self._start()

    def note_unread(self, outcome: str) -> None:
        """Counts a call whose rows cannot be made."""
        with self._lock:
            self._stats.calls[outcome] += 1

    def add(self, rows: Iterable[Row]) -> None:
        """Takes rows that the service made itself, where there is no call to read. Costs what encoding them costs."""
        try:
            self._take(rows, self.ids.new(), _now())
        except Exception as error:
            self._warn("rows could not be encoded", 1, error)
        self._start()

    def _take(self, rows: Iterable[Row], call_id: str, served_at: datetime.datetime) -> None:
        """Encodes all rows of a call before it queues any, so that a call counts whole or not at all."""
        made = list(itertools.islice(rows, MAX_BATCH_ROWS + 1))
        if len(made) > MAX_BATCH_ROWS:
            raise ValueError(f"a call gave more than {MAX_BATCH_ROWS} rows")
        ids = [row.inference_id or (call_id if len(made) == 1 else f"{call_id}-item-{i}") for i, row in enumerate(made)]
        chosen = [pair for pair in zip(made, ids) if is_sampled(pair[1], self._sample)]
        encoded = [encode_row(row, inference_id, served_at) for row, inference_id in chosen]
        with self._lock:
            self._stats.sampled_out_rows += len(made) - len(chosen)
            for row in encoded:
                self._queue(row)
            self._row_added.notify()

    def _queue(self, row: bytes) -> None:
        stats = self._stats
        stats.taken_rows += 1
        if len(row) > min(self._max_batch_bytes, self._max_queued_bytes):
            stats.dropped_rows["row-too-large"] += 1
            return
        while self._rows and (
            stats.queued_rows >= self._max_queued_rows or stats.queued_bytes + len(row) > self._max_queued_bytes
        ):
            # The oldest: what is happening now is worth more. A batch under way stays, as it may be counted already.
            self._unqueue([self._rows.popleft()])
            stats.dropped_rows["queue-full"] += 1
        if stats.queued_rows >= self._max_queued_rows or stats.queued_bytes + len(row) > self._max_queued_bytes:
            stats.dropped_rows["queue-full"] += 1
            return
        if not self._rows:
            self._oldest_row_at = time.monotonic()
        self._rows.append(row)
        stats.queued_rows += 1
        stats.queued_bytes += len(row)
        stats.max_seen_queued_rows = max(stats.max_seen_queued_rows, stats.queued_rows)
        stats.max_seen_queued_bytes = max(stats.max_seen_queued_bytes, stats.queued_bytes)

    def _unqueue(self, rows: Sequence[bytes]) -> None:
        self._stats.queued_rows -= len(rows)
        self._stats.queued_bytes -= sum(map(len, rows))

    # The threads

    def _start(self) -> None:
        """Starts the threads with the first rows of the process: a server may fork its workers before."""
        if self._threads:
            return
        with self._lock:
            if self._threads:
                return
            loops = (("leeway-rows", self._make_rows), ("leeway-send", self._send_batches))
            threads = [threading.Thread(target=loop, name=name, daemon=True) for name, loop in loops]
            try:
                for thread in threads:
                    thread.start()
            except RuntimeError as error:  # No more threads, or the interpreter ends.
                log.warning("leeway: no thread could be started: %s", error)
                return
            self._threads = threads

    def _make_rows(self) -> None:
        while True:
            with self._lock:
                while not self._calls:
                    self._call_added.wait()
            if not self._is_hurried:
                time.sleep(ROWS_EVERY_SECONDS)
            while self._make_rows_of_next():
                # Gives the interpreter to the service, which else waits for it for up to 5 ms.
                time.sleep(0)

    def _make_rows_of_next(self) -> bool:
        with self._lock:
            if not self._calls:
                return False
            make_call, extract, size_bytes = self._calls.popleft()
            self._call_bytes -= size_bytes
            self._is_reading = True
        outcome = "read"
        try:
            call = make_call()
            self._take(extract(call), call.inference_id, call.served_at)
        except (Exception, SystemExit) as error:
            outcome = "failed"
            self._warn("no rows could be made of a call", 1, repr(error))
        with self._lock:
            self._is_reading = False
            self._stats.calls[outcome] += 1
            self._settled.notify_all()
        return True

    def _send_batches(self) -> None:
        while True:
            with self._lock:
                while (wait := self._seconds_to_batch()) != 0:
                    self._row_added.wait(wait)
                batch = self._batch = self._next_batch()
            try:
                self._deliver(batch)
            except Exception as error:  # A bug here must not end the thread, and its rows must not vanish.
                self._settle(batch, "gave-up")
                self._warn("a batch was dropped", len(batch.rows), repr(error))

    def _seconds_to_batch(self) -> float | None:
        """How long the next batch is to be waited for; None while there are no rows."""
        if not self._rows:
            return None
        is_full = len(self._rows) >= self._max_batch_rows or self._stats.queued_bytes >= self._max_batch_bytes
        if is_full or self._is_hurried:
            return 0
        return max(0.0, self._oldest_row_at + self._max_wait_seconds - time.monotonic())

    def _next_batch(self) -> _Batch:
        rows = [self._rows.popleft()]
        size = len(rows[0])
        while self._rows and len(rows) < self._max_batch_rows and size + len(self._rows[0]) <= self._max_batch_bytes:
            size += len(self._rows[0])
            rows.append(self._rows.popleft())
        self._oldest_row_at = time.monotonic()
        return _Batch(payload_id=uuid.uuid4().hex, rows=rows)

    def _deliver(self, batch: _Batch) -> None:
        """Sends one batch until Leeway has answered, it was tried for too long, or the client is closed."""
        give_up_at = time.monotonic() + self._give_up_seconds
        body = batch.body
        delay = 0.2
        while not self._is_settled(batch):
            was_maybe_counted, batch.may_be_counted = batch.may_be_counted, True
            outcome = self._transport.post(body)
            batch.may_be_counted = was_maybe_counted or outcome.may_be_counted
            if outcome.receipt is not None:
                return self._acknowledge(batch, outcome.receipt)
            if outcome.is_final:
                self._warn("Leeway refused rows", len(batch.rows), outcome.detail)
                return self._settle(batch, "refused")
            self._warn("Leeway did not take rows yet", len(batch.rows), outcome.detail)
            pause = max(outcome.retry_after, delay * random.uniform(0.5, 1.0))
            if time.monotonic() + pause > give_up_at:
                return self._settle(batch, "gave-up")
            self._pause(pause)
            delay = min(2 * delay, self._max_delay_seconds)
            with self._lock:
                self._stats.retries += 1

    def _pause(self, seconds: float) -> None:
        """Waits between tries, in short turns: a client that is being closed has no time for long ones."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(0.1, left))
            if self._is_closing:
                return

    def _is_settled(self, batch: _Batch) -> bool:
        with self._lock:
            return self._batch is not batch

    def _acknowledge(self, batch: _Batch, receipt: Mapping[str, Any]) -> None:
        rejected = int(receipt.get("rejectedCount", 0))
        with self._lock:
            if self._batch is batch:
                self._stats.acknowledged_rows += len(batch.rows)
                self._stats.rejected_rows += rejected
                self._end(batch)
        if rejected > 0:
            reasons = [f"{each.get('reason')}: {each.get('message')}" for each in receipt.get("rejections", [])[:3]]
            self._warn("Leeway could not count rows", rejected, "; ".join(reasons))

    def _settle(self, batch: _Batch, dropped_as: str) -> None:
        with self._lock:
            if self._batch is not batch:
                return
            if batch.may_be_counted:
                self._stats.unconfirmed_rows += len(batch.rows)
            else:
                self._stats.dropped_rows[dropped_as] += len(batch.rows)
            self._end(batch)

    def _end(self, batch: _Batch) -> None:
        self._batch = None
        self._unqueue(batch.rows)
        self._settled.notify_all()

    # The end

    def flush(self, timeout: float) -> bool:
        """Sends what waits, without waiting for full batches. True when nothing is left, False when the time is over."""
        until = time.monotonic() + timeout
        with self._lock:
            self._is_hurried = True
            try:
                while self._calls or self._is_reading or self._stats.queued_rows > 0:
                    left = until - time.monotonic()
                    if left <= 0:
                        return False
                    self._call_added.notify()
                    self._row_added.notify()
                    self._settled.wait(min(left, 0.05))
                return True
            finally:
                self._is_hurried = False

    def close(self) -> None:
        """Flushes for `close_seconds` at most; what is left then is dropped, counted and logged. Rows may come again later."""
        self._is_closing = True
        try:
            if not self.flush(self._close_seconds):
                self._drop_all()
        finally:
            self._is_closing = False

    def _drop_all(self) -> None:
        with self._lock:
            rows, calls, batch = list(self._rows), len(self._calls), self._batch
            self._rows.clear()
            self._unqueue(rows)
            self._stats.dropped_rows["closed"] += len(rows)
            self._calls.clear()
            self._call_bytes = 0
            self._stats.calls["closed"] += calls
        under_way = 0 if batch is None else len(batch.rows)
        if batch is not None:
            self._settle(batch, "closed")
        log.warning(
            "leeway: the service ends with %d rows and %d calls that were not sent", len(rows) + under_way, calls
        )

    # What became of it

    def stats(self) -> Stats:
        with self._lock:
            stats = dataclasses.replace(self._stats, waiting_calls=len(self._calls))
            stats.calls = dict(stats.calls)
            stats.dropped_rows = dict(stats.dropped_rows)
            return stats

    def metrics_text(self) -> str:
        """The counts in Prometheus' text format. Of this process: each worker of a server has its own."""
        stats = self.stats()
        rows = {"acknowledged": stats.acknowledged_rows, "unconfirmed": stats.unconfirmed_rows}
        rows.update({f"dropped-{reason}": count for reason, count in stats.dropped_rows.items()})
        lines = [
            "# HELP leeway_client_rows_total Rows that were taken, by what became of them.",
            "# TYPE leeway_client_rows_total counter",
        ]
        lines += [f'leeway_client_rows_total{{outcome="{outcome}"}} {count}' for outcome, count in rows.items()]
        lines += [
            "# HELP leeway_client_calls_total Calls of watched routes, by what they gave.",
            "# TYPE leeway_client_calls_total counter",
        ]
        lines += [f'leeway_client_calls_total{{outcome="{outcome}"}} {count}' for outcome, count in stats.calls.items()]
        for name, kind, value, text in (
            ("rejected_rows_total", "counter", stats.rejected_rows, "Acknowledged rows that Leeway could not count."),
            ("sampled_out_rows_total", "counter", stats.sampled_out_rows, "Rows that sampling left out."),
            ("retries_total", "counter", stats.retries, "Batches that were sent again."),
            ("queued_rows", "gauge", stats.queued_rows, "Rows that wait to be sent."),
            ("queued_bytes", "gauge", stats.queued_bytes, "Bytes of the rows that wait."),
            ("waiting_calls", "gauge", stats.waiting_calls, "Calls whose rows are not made yet."),
        ):
            lines += [
                f"# HELP leeway_client_{name} {text}",
                f"# TYPE leeway_client_{name} {kind}",
                f"leeway_client_{name} {value}",
            ]
        return "\n".join(lines) + "\n"

    def _warn(self, what: str, count: int, detail: object) -> None:
        """Logs one line a minute and kind, with how often it happened since the last."""
        now = time.monotonic()
        with self._lock:
            self._unwarned[what] = self._unwarned.get(what, 0) + count
            if now - self._warned_at.get(what, -math.inf) < WARN_EVERY_SECONDS:
                return
            self._warned_at[what] = now
            count, self._unwarned[what] = self._unwarned[what], 0
            dropped = sum(self._stats.dropped_rows.values()) + self._stats.unconfirmed_rows
        log.warning(
            "leeway: %s (%d since the last such line; %d rows dropped in all): %s", what, count, dropped, detail
        )


# --- Sending ----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Outcome:
    """What one try came to. `status` 0: there was no answer."""

    status: int
    detail: str
    receipt: Mapping[str, Any] | None = None
    retry_after: float = 0.0
    # The bytes left this machine, or a proxy answered for Leeway: what Leeway did is unknown.
    may_be_counted: bool = False

    @property
    def is_final(self) -> bool:
        """Leeway, or what stands before it, will never take this batch."""
        return _is_final(self.status)


class _Transport:
    """One connection that is kept. Used by one thread."""

    def __init__(
        self, address: urllib.parse.SplitResult, path: str, api_key: str, timeout: float, ca_file: str | None
    ) -> None:
        self._address = address
        self._path = address.path.rstrip("/") + path
        self._headers = {"content-type": "application/json", "authorization": f"Bearer {api_key}"}
        self._timeout = timeout
        self._tls = ssl.create_default_context(cafile=ca_file) if address.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None
        self._used_at = 0.0

    def post(self, body: bytes) -> _Outcome:
        if time.monotonic() - self._used_at > MAX_IDLE_SECONDS:
            self.disconnect()
        try:
            connection = self._connection or self._connect()
        except (OSError, http.client.HTTPException) as error:
            return _Outcome(0, f"no connection: {error!r}")
        try:
            connection.request("POST", self._path, body, self._headers)
            answer = connection.getresponse()
            content = answer.read(MAX_ANSWER_BYTES + 1)
            self._used_at = time.monotonic()
            if answer.will_close or len(content) > MAX_ANSWER_BYTES:
                self.disconnect()
            return _outcome_of(answer, content)
        except (OSError, http.client.HTTPException) as error:
            self.disconnect()
            return _Outcome(0, f"no answer: {error!r}", may_be_counted=True)

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._address.hostname or "", self._address.port
        connection = (
            http.client.HTTPConnection(host, port, timeout=self._timeout)
            if self._tls is None
            else http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._tls)
        )
        connection.connect()
        self._connection = connection
        return connection

    def disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _is_final(status: int) -> bool:
    return 300 <= status < 500 and status not in (408, 425, 429)


def _outcome_of(answer: http.client.HTTPResponse, content: bytes) -> _Outcome:
    detail = f"HTTP {answer.status}: {content[:300].decode('utf-8', 'replace')}"
    if answer.status == 202:
        try:
            receipt = json.loads(content)
            return _Outcome(202, detail, receipt if isinstance(receipt, dict) else None, may_be_counted=True)
        except ValueError:
            return _Outcome(202, f"an answer that is no JSON: {detail}", may_be_counted=True)
    # On 429 and 503 Leeway has stored nothing. Other failures may be a proxy's, after Leeway has stored the batch.
    may_be_counted = not _is_final(answer.status) and answer.status not in (429, 503)
    return _Outcome(answer.status, detail, None, retry_after_seconds(answer.getheader("retry-after")), may_be_counted)


def retry_after_seconds(header: str | None) -> float:
    """The pause that a Retry-After header asks for, in seconds or as a date; 0 for none, ten minutes at most."""
    if header is None:
        return 0.0
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (TypeError, ValueError):
            return 0.0
    return min(max(seconds, 0.0), 600.0) if math.isfinite(seconds) else 0.0


# --- Rows as JSON -----------------------------------------------------------------------------------------------------


def encode_row(row: Row, inference_id: str, served_at: datetime.datetime) -> bytes:
    timestamp = served_at if row.timestamp is None else row.timestamp
    if timestamp.tzinfo is None:
        raise ValueError(f"the timestamp {timestamp} has no zone")
    values = {str(name): plain(value) for name, value in row.values.items()}
    record = {"inferenceId": str(inference_id), "timestamp": timestamp.isoformat(), "values": values}
    return json.dumps(record, allow_nan=False, separators=(",", ":")).encode()


def plain(value: Any) -> Any:
    """A value as JSON has it. What is no number (NaN, infinities, pandas' NA and NaT) is null: a missing value.

    Takes NumPy's scalars and arrays, pydantic models, dataclasses, enums, decimals, dates; everything else becomes text.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, (float, decimal.Decimal)):
        number = float(value)
        return number if math.isfinite(number) else None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (str, bytes)):
        return str(value) if isinstance(value, str) else value.decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    return _plain_object(value)


def _plain_object(value: Any) -> Any:
    # By name, so that pandas need not be there.
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    for method in ("model_dump", "tolist", "item", "dict"):  # pydantic 2, NumPy, other scalars, pydantic 1
        convert = getattr(value, method, None)
        if callable(convert) and not isinstance(value, type):
            converted = convert()
            return str(value) if converted is value else plain(converted)
    return str(value)


def is_sampled(inference_id: str, share: float) -> bool:
    """The same answer for an id in every process. Independent of Leeway's own sampling, so that the shares multiply."""
    if share >= 1:
        return True
    digest = hashlib.sha256(f"leeway-client/{inference_id}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") < share * 2.0**64


class _Ids:
    """Ids that no other process makes: a random prefix and a counter, which costs a request a tenth of what random ids do."""

    def __init__(self) -> None:
        self._prefix = uuid.uuid4().hex
        self._counter = itertools.count()

    def new(self) -> str:
        return f"{self._prefix}-{next(self._counter)}"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def _quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="")


# --- The middleware ---------------------------------------------------------------------------------------------------


class LeewayMiddleware:
    """ASGI middleware that shows the calls of some routes to a client.

    routes: how to make rows, by method and path, such as `{"POST /predict": json_rows()}`. A path may have parameters in
        braces that stand for one segment each: `POST /models/{name}/predict`.
    id_header: the request header whose value is the inference id, such as `x-request-id`, where it is unique. Without it,
        or where it is missing or longer than 256 characters, each call gets a new id. A handler finds it at
        `request.state.inference_id`, for example to keep it for the ground truth.
    max_body_bytes: calls with a longer request or response are passed on and counted, and give no rows.
    metrics_path: where the counts of this process can be read by Prometheus, such as `/leeway-metrics`.
    """

    def __init__(
        self,
        app: App,
        client: LeewayClient,
        routes: Mapping[str, Extract],
        *,
        id_header: str | None = None,
        max_body_bytes: int = 1024 * 1024,
        metrics_path: str | None = None,
    ) -> None:
        self._app = app
        self._client = client
        parsed = [(*_route_of(route), extract) for route, extract in routes.items()]
        self._patterns = [each for each in parsed if None in each[1]]
        self._paths = {
            (method, "/".join(map(str, path))): extract for method, path, extract in parsed if None not in path
        }
        self._id_header = None if id_header is None else id_header.lower().encode()
        self._max_body_bytes = max_body_bytes
        self._metrics_path = metrics_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            extract = self._paths.get((scope["method"], scope["path"])) or self._matching(scope)
            if extract is not None:
                observer = _Observer(self._client, extract, scope, receive, send)
                observer.max_bytes = self._max_body_bytes
                observer.inference_id = self._put_id(scope)
                await self._app(scope, observer.receive, observer.send)
                return
            if scope["path"] == self._metrics_path and scope["method"] == "GET":
                await self._send_metrics(send)
                return
        elif scope["type"] == "lifespan":
            send = self._closing(send)
        await self._app(scope, receive, send)

    def _matching(self, scope: Scope) -> Extract | None:
        if self._patterns:
            segments = scope["path"].split("/")
            for method, pattern, extract in self._patterns:
                if method == scope["method"] and _matches(pattern, segments):
                    return extract
        return None

    def _put_id(self, scope: Scope) -> str:
        """The inference id of a call, which its handler finds in the state of the request."""
        inference_id = self._given_id(scope) or self._client.ids.new()
        scope.setdefault("state", {})["inference_id"] = inference_id
        return inference_id

    def _given_id(self, scope: Scope) -> str | None:
        if self._id_header is not None:
            for name, value in scope["headers"]:
                if name == self._id_header and 0 < len(value) <= MAX_ID_LENGTH:
                    given: str = value.decode("latin-1")
                    return given
        return None

    def _closing(self, send: Send) -> Send:
        """Sends what waits before the server ends, without holding up its event loop."""

        async def send_closing(message: Message) -> None:
            if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
                await asyncio.get_running_loop().run_in_executor(None, self._client.close)
            await send(message)

        return send_closing

    async def _send_metrics(self, send: Send) -> None:
        body = self._client.metrics_text().encode()
        headers = [(b"content-type", b"text/plain; version=0.0.4"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _route_of(route: str) -> tuple[str, list[str | None]]:
    method, _, path = route.partition(" ")
    if not path.startswith("/"):
        raise ValueError(f"a route is a method and a path, such as 'POST /predict', not {route!r}")
    return method.upper(), [None if part.startswith("{") and part.endswith("}") else part for part in path.split("/")]


def _matches(pattern: Sequence[str | None], segments: Sequence[str]) -> bool:
    return len(pattern) == len(segments) and all(part in (None, segment) for part, segment in zip(pattern, segments))


class _Observer:
    """Copies what passes between one request and its application, and hands it over after the last byte was sent."""

    __slots__ = (
        *("_client", "_extract", "_scope", "_receive", "_send", "max_bytes", "inference_id", "_served_at"),
        *("_received", "_received_bytes", "_sent", "_sent_bytes", "_status", "_response_headers"),
    )
    max_bytes: int
    inference_id: str
    _served_at: float
    _response_headers: Iterable[tuple[bytes, bytes]]

    def __init__(self, client: LeewayClient, extract: Extract, scope: Scope, receive: Receive, send: Send) -> None:
        self._client = client
        self._extract = extract
        self._scope = scope
        self._receive = receive
        self._send = send
        self._received: list[bytes] = []
        self._received_bytes = 0
        self._sent: list[bytes] = []
        self._sent_bytes = 0
        self._status = 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            body = message.get("body", b"")
            self._received_bytes += len(body)
            if self._received_bytes <= self.max_bytes:
                self._received.append(body)
        return message

    async def send(self, message: Message) -> None:
        await self._send(message)
        if message["type"] == "http.response.body":
            if 200 <= self._status < 300:
                self._copy(message)
        elif message["type"] == "http.response.start":
            self._status = message["status"]
            self._response_headers = message.get("headers", ())

    def _copy(self, message: Message) -> None:
        body = message.get("body", b"")
        self._sent_bytes += len(body)
        if self._sent_bytes <= self.max_bytes:
            self._sent.append(body)
        if not message.get("more_body", False):
            self._hand_over()

    def _hand_over(self) -> None:
        try:
            self._served_at = time.time()
            if max(self._received_bytes, self._sent_bytes) > self.max_bytes:
                self._client.note_unread("body-too-large")
            else:
                self._client.observe(self._call, self._extract, self._received_bytes + self._sent_bytes)
        except Exception:  # Whatever it is, the request has been answered and must end well.
            log.warning("leeway: a call could not be observed", exc_info=True)

    def _call(self) -> Call:
        body = b"".join(self._sent)
        is_compressed = _texts(self._response_headers).get("content-encoding") == "gzip"
        return Call(
            method=self._scope["method"],
            path=self._scope["path"],
            status=self._status,
            request_body=b"".join(self._received),
            response_body=_gunzipped(body) if is_compressed else body,
            raw_request_headers=self._scope["headers"],
            raw_response_headers=self._response_headers,
            inference_id=self.inference_id,
            served_at=datetime.datetime.fromtimestamp(self._served_at, datetime.timezone.utc),
        )


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def _gunzipped(body: bytes) -> bytes:
    """The body as it was before a compressing middleware."""
    return zlib.decompressobj(wbits=31).decompress(body, MAX_GUNZIPPED_BYTES)


# --- Processes --------------------------------------------------------------------------------------------------------

_clients: weakref.WeakSet[LeewayClient] = weakref.WeakSet()


def _close_all() -> None:
    for client in list(_clients):
        client.close()


def _reset_all() -> None:
    for client in list(_clients):
        client._reset()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    # A forked worker has the parent's memory and none of its threads, and a lock may be held by one of them.
    os.register_at_fork(after_in_child=_reset_all)
