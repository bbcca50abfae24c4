"""The promises of examples/fastapi/leeway_middleware.py, each on its own. Run by test/fastapi-example.spec.ts.

Leeway is a server here that answers as each test tells it: a real one cannot be asked to answer 503 and lose the next answer.
"""

from __future__ import annotations

import ast
import asyncio
import collections
import datetime
import decimal
import enum
import gzip
import http.server
import json
import logging
import os
import pathlib
import sys
import threading
import unittest
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import pandas as pd
import pydantic
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

FOLDER = pathlib.Path(__file__).parents[2] / "examples" / "fastapi"
sys.path.insert(0, str(FOLDER))
sys.dont_write_bytecode = True

import leeway_middleware as leeway  # noqa: E402

logging.getLogger("leeway").setLevel(logging.ERROR)

# What a scripted Leeway does with one payload: a status with a body and headers, or nothing at all.
Answer = tuple[int, dict[str, Any], dict[str, str]]
HANG_UP = None


class ScriptedLeeway:
    """Answers payload after payload as `answers` says, and with 202 from then on. It counts each payload id once."""

    def __init__(self, answers: list[Answer | None] | None = None) -> None:
        self.answers = collections.deque(answers or [])
        self.received: list[dict[str, Any]] = []
        self.counted: dict[str, int] = {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer.take(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for payload in self.received for row in payload["rows"]]

    def take(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        payload = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        self.received.append(payload)
        accepted = (202, {"receivedCount": len(payload["rows"]), "rejectedCount": 0, "rejections": []}, {})
        answer = self.answers.popleft() if self.answers else accepted
        if answer is HANG_UP or answer[0] == 202:
            self.counted[payload["payloadId"]] = len(payload["rows"])
        if answer is HANG_UP:
            handler.close_connection = True
            return
        status, body, headers = answer
        content = json.dumps(body).encode()
        handler.send_response(status)
        for name, value in {**headers, "content-length": str(len(content))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def client_of(url: str, **options: Any) -> leeway.LeewayClient:
    settings = {"max_wait_seconds": 0.02, "timeout_seconds": 2.0, "close_seconds": 0.5, **options}
    return leeway.LeewayClient(url=url, api_key="lw_test", model="m", version="v1", **settings)


def rows(count: int) -> list[leeway.Row]:
    return [leeway.Row({"x": index}, inference_id=f"i-{index}") for index in range(count)]


def dropped(stats: leeway.Stats) -> dict[str, int]:
    return {reason: count for reason, count in stats.dropped_rows.items() if count > 0}


class Case(unittest.TestCase):
    def leeway(self, answers: list[Answer | None] | None = None) -> ScriptedLeeway:
        server = ScriptedLeeway(answers)
        self.addCleanup(server.close)
        return server

    def assert_balanced(self, stats: leeway.Stats) -> None:
        accounted = stats.acknowledged_rows + sum(stats.dropped_rows.values()) + stats.unconfirmed_rows
        self.assertEqual(stats.taken_rows, accounted + stats.queued_rows)


# --- The client -------------------------------------------------------------------------------------------------------


class Sending(Case):
    def test_gathers_rows_into_batches_with_a_key_each(self) -> None:
        server = self.leeway()
        client = client_of(server.url, max_batch_rows=10, max_wait_seconds=60)
        client.add(rows(25))
        self.assertTrue(client.flush(5))
        self.assertEqual([len(payload["rows"]) for payload in server.received], [10, 10, 5])
        self.assertEqual(len({payload["payloadId"] for payload in server.received}), 3)
        self.assertEqual(client.stats().acknowledged_rows, 25)

    def test_sends_the_same_batch_again_until_it_is_answered(self) -> None:
        server = self.leeway([(503, {}, {}), HANG_UP, (429, {}, {"retry-after": "0"}), (500, {}, {})])
        client = client_of(server.url)
        client.add(rows(3))
        client.add(rows(2))
        self.assertTrue(client.flush(20))
        first = [payload for payload in server.received if payload["payloadId"] == server.received[0]["payloadId"]]
        self.assertGreaterEqual(len(first), 5)
        self.assertTrue(all(payload == first[0] for payload in first))
        self.assertEqual(sum(server.counted.values()), 5)
        self.assertEqual((client.stats().acknowledged_rows, client.stats().retries), (5, 4))

    def test_waits_as_retry_after_says(self) -> None:
        server = self.leeway([(429, {}, {"retry-after": "1"})])
        client = client_of(server.url)
        client.add(rows(1))
        self.assertFalse(client.flush(0.7))
        self.assertEqual(len(server.received), 1)
        self.assertTrue(client.flush(5))

    def test_reads_retry_after_in_both_forms_and_never_waits_longer_than_ten_minutes(self) -> None:
        self.assertEqual(leeway.retry_after_seconds("2"), 2)
        self.assertEqual(leeway.retry_after_seconds("86400"), 600)
        self.assertEqual(leeway.retry_after_seconds("Thu, 01 Jan 1970 00:00:00 GMT"), 0)
        for senseless in (None, "", "soon", "-3", "nan", "inf"):
            self.assertEqual(leeway.retry_after_seconds(senseless), 0, senseless)

    def test_drops_what_leeway_refuses_for_good(self) -> None:
        for status in (301, 400, 401, 404, 413, 422):
            server = self.leeway([(status, {"detail": "no"}, {})])
            client = client_of(server.url)
            client.add(rows(3))
            self.assertTrue(client.flush(5))
            self.assertEqual(len(server.received), 1, status)
            self.assertEqual(dropped(client.stats()), {"refused": 3})

    def test_counts_rows_of_a_202_that_leeway_rejected(self) -> None:
        rejection = {"row": 1, "column": "x", "reason": "wrong-type", "message": "x is text"}
        server = self.leeway([(202, {"receivedCount": 3, "rejectedCount": 1, "rejections": [rejection]}, {})])
        client = client_of(server.url)
        with self.assertLogs("leeway", "WARNING") as logged:
            client.add(rows(3))
            self.assertTrue(client.flush(5))
        self.assertEqual((client.stats().acknowledged_rows, client.stats().rejected_rows), (3, 1))
        self.assertIn("wrong-type: x is text", logged.output[0])

    def test_gives_a_batch_up_after_a_while(self) -> None:
        client = client_of("http://127.0.0.1:1", give_up_seconds=0.5)
        client.add(rows(4))
        self.assertTrue(client.flush(10))
        self.assertEqual(dropped(client.stats()), {"gave-up": 4})
        self.assertEqual(client.stats().unconfirmed_rows, 0)

    def test_says_unconfirmed_of_rows_that_may_have_been_counted(self) -> None:
        server = self.leeway([HANG_UP] * 50)
        client = client_of(server.url, give_up_seconds=0.5)
        client.add(rows(4))
        self.assertTrue(client.flush(10))
        self.assertEqual((dropped(client.stats()), client.stats().unconfirmed_rows), ({}, 4))
        self.assertEqual(sum(server.counted.values()), 4)

    def test_an_answer_that_is_not_leeways_is_no_receipt(self) -> None:
        server = self.leeway([(202, ["what"], {}), (202, "ok", {})])  # type: ignore[list-item]
        client = client_of(server.url)
        client.add(rows(1))
        self.assertTrue(client.flush(10))
        self.assertEqual((len(server.received), client.stats().acknowledged_rows), (3, 1))

    def test_logs_a_line_of_a_kind_once_a_minute(self) -> None:
        client = client_of(self.leeway([(404, {}, {})] * 9).url, max_batch_rows=1)
        with self.assertLogs("leeway", "WARNING") as logged:
            client.add(rows(9))
            self.assertTrue(client.flush(10))
        self.assertEqual(len(logged.output), 1)


class Bounds(Case):
    def test_the_oldest_rows_give_way_and_are_counted(self) -> None:
        server = self.leeway()
        client = client_of(server.url, max_queued_rows=10, max_wait_seconds=60)
        client.add(rows(25))
        self.assertEqual((client.stats().queued_rows, dropped(client.stats())), (10, {"queue-full": 15}))
        self.assertTrue(client.flush(5))
        self.assertEqual([row["inferenceId"] for row in server.rows], [f"i-{index}" for index in range(15, 25)])
        self.assert_balanced(client.stats())

    def test_bytes_are_bounded_too(self) -> None:
        client = client_of("http://127.0.0.1:1", max_queued_bytes=10_000, max_wait_seconds=60)
        client.add([leeway.Row({"text": "x" * 1_000}) for _ in range(30)])
        stats = client.stats()
        self.assertLessEqual(stats.max_seen_queued_bytes, 10_000)
        self.assertEqual(stats.queued_rows + stats.dropped_rows["queue-full"], 30)
        self.assertGreater(stats.queued_rows, 5)

    def test_a_batch_under_way_counts_for_the_bound_and_is_not_dropped(self) -> None:
        client = client_of("http://127.0.0.1:1", max_queued_rows=10, max_batch_rows=10, give_up_seconds=60)
        client.add(rows(10))
        while client._batch is None:
            pass
        client.add(rows(5))
        stats = client.stats()
        self.assertEqual((stats.queued_rows, dropped(stats)), (10, {"queue-full": 5}))
        client.close()
        self.assertEqual(dropped(client.stats()), {"queue-full": 5, "closed": 10})
        self.assert_balanced(client.stats())

    def test_a_row_that_fits_nowhere_is_dropped(self) -> None:
        client = client_of("http://127.0.0.1:1", max_batch_bytes=1_000)
        client.add([leeway.Row({"text": "x" * 2_000})])
        self.assertEqual(dropped(client.stats()), {"row-too-large": 1})

    def test_calls_wait_within_the_bound_while_rows_are_made_slowly(self) -> None:
        go_on = threading.Event()
        client = client_of(self.leeway().url, max_queued_bytes=50_000)

        def slow(_: leeway.Call) -> list[leeway.Row]:
            go_on.wait()
            return rows(1)

        for _ in range(100):
            client.observe(call_of, slow, 1_000)
        go_on.set()
        self.assertTrue(client.flush(10))
        calls = client.stats().calls
        self.assertEqual(calls["read"] + calls["queue-full"], 100)
        self.assertIn(calls["read"], (16, 17))  # 3,000 bytes each, and the one that is being read.

    def test_adding_is_safe_from_many_threads(self) -> None:
        server = self.leeway()
        client = client_of(server.url, max_queued_rows=500)
        threads = [threading.Thread(target=lambda: [client.add(rows(2)) for _ in range(200)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertTrue(client.flush(20))
        stats = client.stats()
        self.assertEqual(stats.taken_rows, 3_200)
        self.assertEqual(len(server.rows), stats.acknowledged_rows)
        self.assert_balanced(stats)

    def test_senseless_settings_are_refused_at_the_start(self) -> None:
        for options in (
            {"sample": 1.5},
            {"max_batch_rows": 10_001},
            {"give_up_seconds": 4_000},
            {"max_queued_rows": 0},
            {"timeout_seconds": 0},
        ):
            with self.assertRaises(ValueError, msg=str(options)):
                client_of("http://127.0.0.1:1", **options)
        for url in ("127.0.0.1:8080", "ftp://x", ""):
            with self.assertRaises(ValueError, msg=url):
                client_of(url)

    def test_samples_by_the_inference_id(self) -> None:
        server = self.leeway()
        client = client_of(server.url, sample=0.25)
        client.add(rows(2_000))
        client.add(rows(2_000))
        self.assertTrue(client.flush(10))
        kept = collections.Counter(row["inferenceId"] for row in server.rows)
        self.assertEqual(set(kept.values()), {2})
        self.assertTrue(400 < len(kept) < 600, len(kept))
        self.assertEqual(client.stats().sampled_out_rows, 4_000 - 2 * len(kept))
        self.assertTrue(all(leeway.is_sampled(name, 0.25) for name in kept))


class Processes(Case):
    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_a_forked_worker_has_threads_and_counts_of_its_own(self) -> None:
        server = self.leeway()
        client = client_of(server.url, max_wait_seconds=60)
        client.add(rows(3))  # Waits in the parent, whose threads run.
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            client.add(rows(2))
            is_sent = client.flush(10)
            os.write(write, json.dumps([is_sent, client.stats().taken_rows]).encode())
            os._exit(0)
        os.waitpid(child, 0)
        self.assertEqual(json.loads(os.read(read, 100)), [True, 2])
        self.assertEqual(client.stats().queued_rows, 3)
        self.assertTrue(client.flush(5))
        self.assertEqual(len(server.rows), 5)

    def test_no_thread_runs_before_the_first_row(self) -> None:
        client = client_of(self.leeway().url)
        self.assertEqual(client._threads, [])
        client.add(rows(1))
        self.assertEqual(len(client._threads), 2)
        self.assertTrue(client.flush(5))

    def test_the_source_is_python_3_9(self) -> None:
        for path in FOLDER.glob("*.py"):
            ast.parse(path.read_text(), feature_version=(3, 9))


# --- Rows as JSON -----------------------------------------------------------------------------------------------------


class Plan(enum.Enum):
    BASIC = "basic"


class Person(pydantic.BaseModel):
    age: float
    plan: Plan = Plan.BASIC


class Values(unittest.TestCase):
    def test_become_what_json_has(self) -> None:
        for value, expected in (
            (np.float64(1.5), 1.5),
            (np.float32(0.5), 0.5),
            (np.int64(3), 3),
            (np.bool_(True), True),
            (np.str_("a"), "a"),
            (np.array([1, 2]), [1, 2]),
            (np.array([[1.0, np.nan]]), [[1.0, None]]),
            (decimal.Decimal("1.25"), 1.25),
            (Plan.BASIC, "basic"),
            (Person(age=3), {"age": 3.0, "plan": "basic"}),
            (datetime.date(2026, 1, 2), "2026-01-02"),
            (pd.Timestamp("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05+00:00"),
            (b"abc", "abc"),
            ((1, 2), [1, 2]),
            ({1: {2}}, {"1": [2]}),
            (True, True),
            (10**20, 10**20),
            (complex(1, 2), "(1+2j)"),
            (Person, str(Person)),
        ):
            plain = leeway.plain(value)
            self.assertEqual(plain, expected)
            self.assertIs(type(plain), type(expected))
            json.dumps(plain, allow_nan=False)

    def test_that_are_no_numbers_become_null(self) -> None:
        for value in (
            float("nan"),
            float("inf"),
            -float("inf"),
            np.float32("nan"),
            np.float64("inf"),
            decimal.Decimal("NaN"),
            decimal.Decimal("1e999"),
            pd.NA,
            pd.NaT,
            np.datetime64("NaT").item(),
            None,
        ):
            self.assertIsNone(leeway.plain(value), repr(value))

    def test_that_cannot_be_encoded_cost_their_call_and_nothing_else(self) -> None:
        endless: list[Any] = []
        endless.append(endless)
        client = client_of("http://127.0.0.1:1")
        client.add([leeway.Row({"x": endless})])
        client.add([leeway.Row({"x": 1}, timestamp=datetime.datetime(2026, 1, 1))])
        client.add(iter(lambda: leeway.Row({"x": 1}), None))  # Without an end.
        self.assertEqual(client.stats().taken_rows, 0)


class JsonRows(unittest.TestCase):
    def rows_of(self, request: Any, response: Any, **options: Any) -> list[dict[str, Any]]:
        call = call_of(json.dumps(request).encode(), json.dumps(response).encode())
        return [dict(row.values) for row in leeway.json_rows(**options)(call)]

    def test_take_fields_of_both_bodies(self) -> None:
        self.assertEqual(self.rows_of({"a": 1}, {"s": 0.5}), [{"a": 1, "s": 0.5}])
        self.assertEqual(self.rows_of({"a": 1, "b": 2}, {"s": 0.5}, only=["b", "s", "c"]), [{"b": 2, "s": 0.5}])
        self.assertEqual(self.rows_of({"a": 1, "s": 9}, {"s": 0.5}), [{"a": 1, "s": 0.5}])

    def test_take_a_row_for_each_item_of_a_list(self) -> None:
        expected = [{"a": 1, "prediction": 7}, {"a": 2, "prediction": 8}]
        self.assertEqual(self.rows_of([{"a": 1}, {"a": 2}], [7, 8]), expected)

    def test_take_kserve_v1(self) -> None:
        self.assertEqual(
            self.rows_of(
                {"instances": [[1, "x"]]},
                {"predictions": [[0, 0.9]]},
                columns=["a", "b"],
                prediction_columns=["class", "score"],
            ),
            [{"a": 1, "b": "x", "class": 0, "score": 0.9}],
        )

    def test_that_do_not_fit_are_refused(self) -> None:
        for request, response in (([{"a": 1}], []), ([[1, 2]], [1]), ({"a": 1}, [1, 2])):
            with self.assertRaises(ValueError):
                self.rows_of(request, response)


def call_of(request: bytes = b"{}", response: bytes = b"{}") -> leeway.Call:
    now = datetime.datetime.now(datetime.timezone.utc)
    return leeway.Call("POST", "/p", 200, request, response, (), (), "id", now)


# --- The middleware ---------------------------------------------------------------------------------------------------


async def echo(request: Request) -> Response:
    return JSONResponse({"score": (await request.json())["a"] / 2})


async def tell_id(request: Request) -> Response:
    return PlainTextResponse(request.state.inference_id)


async def stream(_: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        for number in range(5):
            yield f'{{"n":{number}}}\n'.encode()

    return StreamingResponse(chunks(), media_type="application/x-ndjson")


async def fail(_: Request) -> Response:
    raise RuntimeError("the model is broken")


async def fail_midway(_: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"{"
        raise RuntimeError("the model broke")

    return StreamingResponse(chunks())


async def refuse(_: Request) -> Response:
    return JSONResponse({"detail": "no"}, status_code=422)


ROUTES = [
    Route("/predict", echo, methods=["POST"]),
    Route("/id", tell_id, methods=["POST"]),
    Route("/stream", stream, methods=["POST"]),
    Route("/fail", fail, methods=["POST"]),
    Route("/fail-midway", fail_midway, methods=["POST"]),
    Route("/refuse", refuse, methods=["POST"]),
    Route("/models/{name}/predict", echo, methods=["POST"]),
]
WATCHED = ("/predict", "/id", "/stream", "/fail", "/fail-midway", "/refuse", "/models/{name}/predict")

Sent = list[dict[str, Any]]


def ask(
    app: Callable[..., Any],
    path: str,
    body: bytes = b"",
    *,
    chunks: int = 1,
    method: str = "POST",
    headers: dict[str, str] | None = None,
) -> tuple[Sent, BaseException | None]:
    """What an application sends in answer to one request whose body comes in so many pieces, and what it raises."""
    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path},
        **{"raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http"},
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        **{"server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1)},
    }
    size = -(-len(body) // chunks)
    pieces = [body[i * size : (i + 1) * size] for i in range(chunks)]
    incoming = collections.deque(
        {"type": "http.request", "body": piece, "more_body": index < chunks - 1} for index, piece in enumerate(pieces)
    )
    sent: Sent = []

    async def receive() -> dict[str, Any]:
        return incoming.popleft() if incoming else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    try:
        asyncio.run(app(scope, receive, send))
    except BaseException as error:
        return sent, error
    return sent, None


def text_of(sent: Sent) -> bytes:
    return b"".join(message.get("body", b"") for message in sent)


class Middleware(Case):
    def setUp(self) -> None:
        self.server = self.leeway()
        self.client = client_of(self.server.url)

    def watched(self, extract: leeway.Extract | None = None, **options: Any) -> Starlette:
        app = Starlette(routes=ROUTES)
        routes = {f"POST {path}": extract or leeway.json_rows() for path in WATCHED}
        app.add_middleware(leeway.LeewayMiddleware, client=self.client, routes=routes, **options)
        return app

    def test_rows_come_from_both_bodies_whatever_pieces_they_come_in(self) -> None:
        for chunks in (1, 3):
            sent, _ = ask(self.watched(), "/predict", b'{"a":4}', chunks=chunks)
            self.assertEqual(text_of(sent), b'{"score":2.0}')
        self.assertTrue(self.client.flush(5))
        self.assertEqual([row["values"] for row in self.server.rows], [{"a": 4, "score": 2.0}] * 2)
        served = datetime.datetime.fromisoformat(self.server.rows[0]["timestamp"])
        self.assertLess(abs((datetime.datetime.now(datetime.timezone.utc) - served).total_seconds()), 60)

    def test_paths_may_have_parameters_and_others_are_left_alone(self) -> None:
        app = self.watched()
        ask(app, "/models/churn/predict", b'{"a":4}')
        ask(app, "/models/churn/other/predict", b'{"a":4}')
        ask(app, "/predict", b'{"a":4}', method="PUT")
        self.assertTrue(self.client.flush(5))
        self.assertEqual(self.client.stats().calls["read"], 1)

    def test_messages_pass_through_as_they_are(self) -> None:
        bare = Starlette(routes=ROUTES)
        for path in ("/stream", "/refuse", "/predict", "/nowhere"):
            self.assertEqual(ask(self.watched(), path, b'{"a":1}'), ask(bare, path, b'{"a":1}'), path)

    def test_errors_pass_through_and_give_no_rows(self) -> None:
        for path in ("/fail", "/fail-midway"):
            sent, error = ask(self.watched(), path)
            self.assertIsInstance(error, RuntimeError)
            self.assertEqual(sent, ask(Starlette(routes=ROUTES), path)[0])
        ask(self.watched(), "/refuse")
        self.assertTrue(self.client.flush(5))
        self.assertEqual(sum(self.client.stats().calls.values()), 0)

    def test_a_function_that_raises_is_counted_and_swallowed(self) -> None:
        def broken(_: leeway.Call) -> list[leeway.Row]:
            raise KeyError("a")

        def leaving(_: leeway.Call) -> list[leeway.Row]:
            sys.exit(1)

        for extract in (broken, leaving, lambda _: None, lambda _: [1]):
            sent, error = ask(self.watched(extract), "/predict", b'{"a":4}')
            self.assertEqual((text_of(sent), error), (b'{"score":2.0}', None))
        ask(self.watched(), "/stream", b"no json")
        self.assertTrue(self.client.flush(5))
        self.assertEqual(self.client.stats().calls["failed"], 5)
        ask(self.watched(), "/predict", b'{"a":4}')
        self.assertTrue(self.client.flush(5))
        self.assertEqual(self.client.stats().calls["read"], 1)

    def test_bodies_beyond_the_bound_are_passed_on_and_counted(self) -> None:
        body = json.dumps({"a": 4, "text": "x" * 5_000}).encode()
        for chunks in (1, 10):
            sent, _ = ask(self.watched(max_body_bytes=1_000), "/predict", body, chunks=chunks)
            self.assertEqual(text_of(sent), b'{"score":2.0}')
        self.assertEqual(self.client.stats().calls["body-too-large"], 2)

    def test_the_inference_id_is_the_headers_or_a_new_one_and_the_handler_knows_it(self) -> None:
        def seen(call: leeway.Call) -> list[leeway.Row]:
            return [leeway.Row({"id": call.response_body.decode()})]

        app = self.watched(seen, id_header="X-Request-Id")
        ask(app, "/id", headers={"X-Request-Id": "abc"})
        ask(app, "/id", headers={"X-Request-Id": "x" * 257})
        ask(app, "/id")
        self.assertTrue(self.client.flush(5))
        ids = [row["inferenceId"] for row in self.server.rows]
        self.assertEqual([row["values"]["id"] for row in self.server.rows], ids)
        self.assertEqual(ids[0], "abc")
        self.assertEqual([each.startswith(self.client.ids._prefix) for each in ids[1:]], [True, True])

    def test_several_rows_of_a_call_are_items_of_its_id(self) -> None:
        app = self.watched(
            lambda _: [leeway.Row({"a": 1}), leeway.Row({"a": 2}, inference_id="own")], id_header="x-request-id"
        )
        ask(app, "/predict", b'{"a":4}', headers={"x-request-id": "abc"})
        self.assertTrue(self.client.flush(5))
        self.assertEqual([row["inferenceId"] for row in self.server.rows], ["abc-item-0", "own"])

    def test_compressed_responses_are_read(self) -> None:
        app = Starlette(routes=ROUTES)
        app.add_middleware(GZipMiddleware, minimum_size=1)
        app.add_middleware(leeway.LeewayMiddleware, client=self.client, routes={"POST /predict": leeway.json_rows()})
        sent, _ = ask(app, "/predict", b'{"a":4}', headers={"accept-encoding": "gzip"})
        self.assertEqual(gzip.decompress(text_of(sent)), b'{"score":2.0}')
        self.assertTrue(self.client.flush(5))
        self.assertEqual(self.server.rows[0]["values"], {"a": 4, "score": 2.0})

    def test_background_tasks_do_not_delay_it(self) -> None:
        seen: list[int] = []

        async def predict(request: Request) -> Response:
            await request.body()
            task = BackgroundTask(lambda: seen.append(1 if self.client.flush(5) and self.server.rows else 0))
            return JSONResponse({"score": 1}, background=task)

        app = Starlette(routes=[Route("/predict", predict, methods=["POST"])])
        app.add_middleware(leeway.LeewayMiddleware, client=self.client, routes={"POST /predict": leeway.json_rows()})
        ask(app, "/predict", b"{}")
        self.assertEqual(seen, [1])

    def test_metrics_are_answered_where_they_were_asked_for(self) -> None:
        sent, _ = ask(self.watched(metrics_path="/metrics-of-leeway"), "/metrics-of-leeway", method="GET")
        self.assertIn(b'leeway_client_rows_total{outcome="acknowledged"} 0\n', text_of(sent))
        sent, _ = ask(self.watched(), "/metrics-of-leeway", method="GET")
        self.assertEqual(sent[0]["status"], 404)

    def test_a_shutdown_waits_for_what_is_queued_and_no_longer_than_allowed(self) -> None:
        for url, expected in ((self.server.url, {}), ("http://127.0.0.1:1", {"closed": 3})):
            client = client_of(url, max_wait_seconds=60)
            app = Starlette(routes=ROUTES)
            app.add_middleware(leeway.LeewayMiddleware, client=client, routes={"POST /predict": leeway.json_rows()})
            client.add(rows(3))
            asyncio.run(self.live(app))
            self.assertEqual((client.stats().queued_rows, dropped(client.stats())), (0, expected))

    async def live(self, app: Starlette) -> None:
        incoming = collections.deque([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
        sent: Sent = []

        async def receive() -> dict[str, Any]:
            return incoming.popleft()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
        self.assertEqual([each["type"] for each in sent], ["lifespan.startup.complete", "lifespan.shutdown.complete"])


if __name__ == "__main__":
    unittest.main()
