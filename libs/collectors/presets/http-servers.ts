import {
  endpointLatency,
  errorRatiosBy,
  gauge,
  latency,
  latencyFromMilliseconds,
  ratioOf,
  rate,
  requests,
  valueOf,
  type Preset,
} from './preset.js';

const JOB = 'The job of the scrape configuration, when several services share a Prometheus';

/** prometheus-fastapi-instrumentator, with its defaults. Source: its metrics.default(). */
export const FASTAPI: Preset = {
  title: 'FastAPI (prometheus-fastapi-instrumentator)',
  metrics: {
    requests: ['http_requests_total'],
    latency: ['http_request_duration_highr_seconds'],
    endpointLatency: ['http_request_duration_seconds'],
    inProgress: ['http_requests_inprogress'],
  },
  versionLabel: null,
  parameters: { job: JOB },
  modelParameter: null,
  neededParameter: 'job',
  where: { job: '${job}' },
  lines: [
    latency('latency'),
    endpointLatency('endpointLatency', 'handler'),
    ...requests('requests', 'status'),
    ...errorRatiosBy('endpoint', 'handler', 'requests', 'status'),
    {
      ...{ signal: 'requests_in_progress', unit: 'requests', reading: valueOf(gauge('inProgress')) },
      meaning: 'Requests that are being answered.',
      isOptional: true,
    },
  ],
  signature: { series: 'http_request_duration_highr_seconds_count', labels: { job: 'job' } },
  remarks: [
    'Per endpoint there are buckets at 0.1, 0.5 and 1 s only: a quantile of 1 s there means 1 s or more.',
    'The latency of all endpoints together has no labels: no version, no endpoint.',
  ],
};

/** BentoML 1.x. Source: its documentation of default metrics. The prefix is a configurable namespace. */
export const BENTOML: Preset = {
  title: 'BentoML',
  metrics: {
    requests: ['bentoml_service_request_total'],
    latency: ['bentoml_service_request_duration_seconds'],
    inProgress: ['bentoml_service_request_in_progress'],
    batchSizeSum: ['bentoml_service_adaptive_batch_size_sum'],
    batchSizeCount: ['bentoml_service_adaptive_batch_size_count'],
  },
  versionLabel: 'service_version',
  parameters: { service: 'The name of the BentoML service' },
  modelParameter: 'service',
  neededParameter: null,
  where: { service_name: '${service}' },
  lines: [
    latency('latency'),
    endpointLatency('latency', 'endpoint'),
    ...requests('requests', 'http_response_code'),
    ...errorRatiosBy('endpoint', 'endpoint', 'requests', 'http_response_code'),
    {
      ...{ signal: 'requests_in_progress', unit: 'requests', reading: valueOf(gauge('inProgress')) },
      meaning: 'Requests that are being answered.',
    },
    {
      ...{ signal: 'batch_size_mean', unit: 'rows' },
      meaning: 'Mean size of an adaptive batch.',
      reading: ratioOf(rate('batchSizeSum'), rate('batchSizeCount')),
      isOptional: true,
    },
  ],
  signature: { series: 'bentoml_service_request_total', labels: { service: 'service_name' } },
  remarks: ['The prefix of the names is the namespace of your BentoML configuration.'],
};

/** Istio's standard metrics, as the destination's proxy reports them. */
export const ISTIO: Preset = {
  title: 'Istio',
  metrics: { requests: ['istio_requests_total'], latency: ['istio_request_duration_milliseconds'] },
  versionLabel: 'destination_version',
  parameters: {
    service: 'The name of the Kubernetes service of the model (destination_service_name)',
    namespace: 'Its namespace',
  },
  modelParameter: 'service',
  neededParameter: null,
  where: {
    reporter: 'destination',
    destination_service_name: '${service}',
    destination_service_namespace: '${namespace}',
  },
  lines: [
    latencyFromMilliseconds('latency'),
    ...requests('requests', 'response_code'),
    ...errorRatiosBy('client', 'source_workload', 'requests', 'response_code'),
  ],
  signature: {
    series: 'istio_requests_total',
    labels: { service: 'destination_service_name', namespace: 'destination_service_namespace' },
  },
  remarks: [
    'Both ends of a call report it; only the destination is read, or every request would count twice.',
    'Responses that a gateway answers itself (no healthy upstream) have no destination proxy and are not seen here.',
  ],
};
