"""The example service as it is, or with BENCH_MIDDLEWARE=off without its middleware: what npm run bench:clients compares."""

from __future__ import annotations

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "examples" / "fastapi"))

from app import app  # noqa: E402

if os.environ.get("BENCH_MIDDLEWARE") == "off":
    app.user_middleware.clear()
