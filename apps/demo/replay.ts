import { setTimeout as sleep } from 'node:timers/promises';
import { inferenceId } from './flight-delay.js';
import type { Flights } from './flights.js';
import type { ModelServerClient } from './model-server-client.js';
import type { PredictionRequest } from './model-server/prediction-service.js';
import { LONG_HAUL_MILES } from './risk-model.js';
import { seededRandom, shuffledIndices, type Random } from './seeded-random.js';

export interface Pace {
  readonly requestsPerSecond: number;
  readonly flightsPerRequest: number;
}

const KILOMETRES_PER_MILE = 1.609344;

/**
 * The upstream pipeline: asks for predictions of real flights at a steady pace, whatever the answers take. It is the
 * place of the faults: it can send kilometres, and it can be given another mix of routes.
 */
export class Replay {
  /** In what unit the pipeline sends distances. */
  unit: 'miles' | 'kilometres' = 'miles';
  /** Share of long hauls among the flights, 0 to 1, or null for flights as they come. */
  longHaulShare: number | null = null;

  private sequence = 0;
  private failures = 0;
  private running: Promise<void> | null = null;
  private isStopping = false;
  private readonly open = new Set<Promise<void>>();
  private readonly random: Random;
  private readonly all: FlightDeck;
  private readonly longHauls: FlightDeck;
  private readonly others: FlightDeck;

  constructor(
    private readonly modelServer: Pick<ModelServerClient, 'predict'>,
    private readonly flights: Flights,
    private readonly pace: Pace,
    seed: number,
  ) {
    this.random = seededRandom(seed);
    const isLongHaul = (flight: number): boolean => (flights.distances[flight] ?? 0) > LONG_HAUL_MILES;
    const order = shuffledIndices(flights.count, this.random);
    this.all = new FlightDeck(order);
    this.longHauls = new FlightDeck(order.filter((flight) => isLongHaul(flight)));
    this.others = new FlightDeck(order.filter((flight) => !isLongHaul(flight)));
  }

  get sentFlightCount(): number {
    return this.sequence;
  }

  get failedRequestCount(): number {
    return this.failures;
  }

  start(): void {
    this.isStopping = false;
    this.running ??= this.run();
  }

  /** Stops asking, and waits for the answers that are still out. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.running;
    await Promise.all(this.open);
    this.running = null;
  }

  /** Each request has its own time: a late one does not push back those after it. */
  private async run(): Promise<void> {
    const intervalMs = 1_000 / this.pace.requestsPerSecond;
    for (let dueAt = performance.now(); !this.isStopping; dueAt += intervalMs) {
      await sleep(Math.max(0, dueAt - performance.now()));
      const request = this.ask().catch(() => void (this.failures += 1));
      this.open.add(request);
      void request.finally(() => this.open.delete(request));
    }
  }

  private async ask(): Promise<void> {
    await this.modelServer.predict(this.nextRequest());
  }

  private nextRequest(): PredictionRequest {
    return { flights: Array.from({ length: this.pace.flightsPerRequest }, () => this.nextFlight()) };
  }

  private nextFlight(): PredictionRequest['flights'][number] {
    const flight = this.deck().next();
    const miles = this.flights.distances[flight] ?? 0;
    this.sequence += 1;
    return {
      id: inferenceId(this.flights.rowNumbers[flight] ?? 0, this.sequence),
      distance: this.unit === 'miles' ? miles : Math.round(miles * KILOMETRES_PER_MILE),
      origin: this.flights.origins[flight] ?? '',
      hour: this.flights.hours[flight] ?? 0,
    };
  }

  private deck(): FlightDeck {
    if (this.longHaulShare === null) return this.all;
    return this.random() < this.longHaulShare ? this.longHauls : this.others;
  }
}

/** Shuffled flights, dealt one after the other; from the beginning again when all are dealt. */
class FlightDeck {
  private position = 0;

  constructor(private readonly flights: Int32Array) {}

  next(): number {
    const flight = this.flights[this.position % this.flights.length];
    this.position += 1;
    return flight ?? 0;
  }
}
