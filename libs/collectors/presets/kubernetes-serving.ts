import {
  gauge,
  latencyFromMilliseconds,
  quantilesOf,
  rate,
  requests,
  valueOf,
  type Preset,
  type PresetLine,
} from './preset.js';

const step = (metric: string, signal: string, words: string, isOptional = false): PresetLine => ({
  ...{ signal, unit: 'seconds', reading: quantilesOf(metric, signal) },
  meaning: `Time of the ${words} step of a request.`,
  isOptional,
});

/** The Python model servers of KServe. Source: kserve/metrics.py. */
export const KSERVE: Preset = {
  title: 'KServe model servers (Python)',
  metrics: {
    predict: ['request_predict_seconds'],
    predictCount: ['request_predict_seconds_count'],
    preprocess: ['request_preprocess_seconds'],
    postprocess: ['request_postprocess_seconds'],
    explain: ['request_explain_seconds'],
  },
  versionLabel: null,
  parameters: { model: 'The name of the model in the server', namespace: 'The namespace of the service' },
  modelParameter: 'model',
  neededParameter: null,
  where: { model_name: '${model}', namespace: '${namespace}' },
  lines: [
    step('predict', 'predict_latency', 'predict'),
    step('preprocess', 'preprocess_latency', 'preprocess'),
    step('postprocess', 'postprocess_latency', 'postprocess'),
    step('explain', 'explain_latency', 'explain', true),
    {
      ...{ signal: 'throughput_rps', unit: 'requests per second', reading: valueOf(rate('predictCount')) },
      meaning: 'Predictions per second.',
    },
  ],
  signature: {
    series: 'request_predict_seconds_count',
    labels: { model: 'model_name', namespace: 'namespace' },
  },
  remarks: [
    'These are times of single steps, not of the whole request, and there are no status codes: take latency and errors from knative or istio.',
  ],
};

/** Knative Serving's queue-proxy, up to 1.18. Source: its documentation of service metrics. */
export const KNATIVE: Preset = {
  title: 'Knative Serving',
  metrics: {
    requests: ['revision_app_request_count', 'revision_request_count'],
    latency: ['revision_app_request_latencies', 'revision_request_latencies'],
    queueDepth: ['revision_queue_depth', 'kn_serving_queue_depth'],
    pods: ['autoscaler_actual_pods', 'kn_revision_pods_count'],
    wantedPods: ['autoscaler_desired_pods', 'kn_revision_pods_desired'],
    panic: ['autoscaler_panic_mode', 'kn_revision_panic_mode'],
  },
  versionLabel: 'revision_name',
  parameters: {
    service: 'The name of the Knative service (service_name)',
    namespace: 'Its namespace (namespace_name)',
  },
  modelParameter: 'service',
  neededParameter: null,
  where: { service_name: '${service}', namespace_name: '${namespace}' },
  lines: [
    latencyFromMilliseconds('latency'),
    ...requests('requests', 'response_code'),
    {
      ...{ signal: 'queue_depth', unit: 'requests', reading: valueOf(gauge('queueDepth')) },
      meaning: 'Requests in the queue proxy, waiting or being answered.',
      isOptional: true,
    },
    {
      ...{ signal: 'replicas_ready', unit: 'replicas', reading: valueOf(gauge('pods')) },
      meaning: 'Pods of the revision; 0 is scaled to zero, so the next request waits for a cold start.',
      isOptional: true,
    },
    {
      ...{ signal: 'replicas_desired', unit: 'replicas', reading: valueOf(gauge('wantedPods')) },
      meaning: 'Pods that the autoscaler wants.',
      isOptional: true,
    },
    {
      ...{ signal: 'autoscaler_panic', unit: 'boolean', reading: valueOf(gauge('panic', 'max')) },
      meaning: '1 while the autoscaler reacts to a burst.',
      isOptional: true,
    },
  ],
  signature: {
    series: 'revision_app_request_count',
    labels: { service: 'service_name', namespace: 'namespace_name' },
  },
  remarks: [
    'Latency and requests are of the application; the time in the queue of the proxy is not in it.',
    'From Knative 1.19 the queue proxy speaks OpenTelemetry: set the metrics, and the matchers of its labels, to the names that your exporter gives them.',
  ],
};
