"""A small churn service that tells Leeway what it predicts.

LEEWAY_URL=http://127.0.0.1:8080 LEEWAY_KEY=lw_… uvicorn app:app
"""

from __future__ import annotations

import math
import os

from fastapi import FastAPI
from leeway_middleware import LeewayClient, LeewayMiddleware, json_rows
from pydantic import BaseModel


class Customer(BaseModel):
    age: float
    country: str


class Score(BaseModel):
    score: float


leeway = LeewayClient(
    url=os.environ.get("LEEWAY_URL", "http://127.0.0.1:8080"),
    api_key=os.environ["LEEWAY_KEY"],
    model=os.environ.get("LEEWAY_MODEL", "churn"),
    version=os.environ.get("LEEWAY_VERSION", "v1"),
    max_queued_rows=int(os.environ.get("LEEWAY_QUEUE_ROWS", "50000")),
    timeout_seconds=float(os.environ.get("LEEWAY_TIMEOUT_SECONDS", "10")),
)
app = FastAPI(title="churn")
app.add_middleware(
    LeewayMiddleware,
    client=leeway,
    routes={"POST /predict": json_rows(), "POST /predict-many": json_rows()},
    id_header="x-request-id",
    metrics_path="/leeway-metrics",
)


@app.post("/predict")
async def predict(customer: Customer) -> Score:
    return score_of(customer)


@app.post("/predict-many")
async def predict_many(customers: list[Customer]) -> list[Score]:
    return [score_of(customer) for customer in customers]


@app.get("/leeway-stats")
async def leeway_stats() -> dict[str, object]:
    return dict(vars(leeway.stats()))


def score_of(customer: Customer) -> Score:
    """The model: churn falls with age, and is lower in Germany."""
    logit = 1.5 - customer.age / 30 - (0.7 if customer.country == "DE" else 0)
    return Score(score=1 / (1 + math.exp(-logit)))
