import { Gauge, type Registry } from 'prom-client';

/** One number of a gauge, with the labels that tell it from others. Labels that are empty are not shown. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface StateGaugeSpec {
  readonly name: string;
  readonly help: string;
  readonly registry: Registry;
  /** What there is now; asked at every scrape. */
  readonly read: () => Promise<readonly Series[]>;
}

/**
 * A gauge that holds nothing: its series are what `read` gives at each scrape, so that they disappear with what they describe. Label
 * names are those of the series.
 */
export class StateGauge extends Gauge {
  private readonly read: StateGaugeSpec['read'];

  constructor({ name, help, registry, read }: StateGaugeSpec) {
    super({ name, help, registers: [registry] });
    this.read = read;
  }

  override async get(): ReturnType<Gauge['get']> {
    const values = (await this.read()).map(({ labels, value }) => ({ labels: shownLabels(labels), value }));
    return { ...(await super.get()), values };
  }
}

/** To Prometheus an empty label is one that is not there. */
function shownLabels(labels: Series['labels']): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}
