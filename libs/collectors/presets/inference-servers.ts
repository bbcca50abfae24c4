import {
  gauge,
  latency,
  quantilesOf,
  rate,
  ratioOf,
  valueOf,
  type MatchTemplates,
  type Preset,
  type PresetLine,
  type VectorTemplate,
} from './preset.js';

const MICROSECONDS = 1e-6;

const timed = (metric: string, signal: string, meaning: string, isOptional = false): PresetLine => ({
  ...{ signal, unit: 'seconds', reading: quantilesOf(metric, signal), meaning, isOptional },
});

const mean = (signal: string, meaning: string, metric: string, per: string): PresetLine => ({
  ...{
    signal,
    unit: 'seconds',
    reading: ratioOf(ofModel(metric), ofModel(per)),
    scale: MICROSECONDS,
    meaning,
  },
});

/** Triton's series of one model; those of GPUs carry none. */
const MODEL: MatchTemplates = { model: '${model}' };
const ofModel = (metric: string): VectorTemplate => rate(metric, MODEL);

/** vLLM, engine V1. Source: vllm/v1/metrics/loggers.py. */
export const VLLM: Preset = {
  title: 'vLLM',
  metrics: {
    latency: ['vllm:e2e_request_latency_seconds'],
    firstToken: ['vllm:time_to_first_token_seconds'],
    interToken: [
      'vllm:inter_token_latency_seconds',
      'vllm:request_time_per_output_token_seconds',
      'vllm:time_per_output_token_seconds',
    ],
    queueTime: ['vllm:request_queue_time_seconds'],
    finished: ['vllm:request_success_total'],
    promptTokens: ['vllm:prompt_tokens_total'],
    generationTokens: ['vllm:generation_tokens_total'],
    running: ['vllm:num_requests_running'],
    waiting: ['vllm:num_requests_waiting'],
    cache: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
    preemptions: ['vllm:num_preemptions_total'],
    prefixHits: ['vllm:prefix_cache_hits_total', 'vllm:gpu_prefix_cache_hits_total'],
    prefixQueries: ['vllm:prefix_cache_queries_total', 'vllm:gpu_prefix_cache_queries_total'],
  },
  versionLabel: null,
  parameters: { model: 'The served model name (model_name)' },
  modelParameter: 'model',
  neededParameter: null,
  where: { model_name: '${model}' },
  lines: [
    latency('latency'),
    timed('firstToken', 'time_to_first_token', 'Time from the arrival of a request to its first token.'),
    timed('interToken', 'inter_token_latency', 'Time between two tokens of one answer.'),
    timed('queueTime', 'queue_time', 'Time that a request waits before it is scheduled.'),
    {
      ...{ signal: 'throughput_rps', unit: 'requests per second', reading: valueOf(rate('finished')) },
      meaning: 'Finished requests per second.',
    },
    {
      ...{
        signal: 'aborted_ratio',
        unit: 'ratio',
        reading: ratioOf(rate('finished', { finished_reason: 'abort' }), rate('finished')),
      },
      meaning: 'Share of finished requests that were aborted.',
    },
    {
      ...{ signal: 'prompt_tokens_per_second', unit: 'tokens per second' },
      meaning: 'Tokens of prompts per second.',
      reading: valueOf(rate('promptTokens')),
    },
    {
      ...{ signal: 'generation_tokens_per_second', unit: 'tokens per second' },
      meaning: 'Generated tokens per second.',
      reading: valueOf(rate('generationTokens')),
    },
    {
      ...{ signal: 'requests_in_progress', unit: 'requests', reading: valueOf(gauge('running')) },
      meaning: 'Requests that are being answered.',
    },
    {
      ...{ signal: 'queue_depth', unit: 'requests', reading: valueOf(gauge('waiting')) },
      meaning: 'Requests that wait to be scheduled.',
    },
    {
      ...{ signal: 'kv_cache_utilization_ratio', unit: 'ratio', reading: valueOf(gauge('cache', 'max')) },
      meaning: 'Used share of the key-value cache, of the fullest engine; near 1 requests are preempted.',
    },
    {
      ...{ signal: 'preemptions_per_second', unit: 'preemptions per second' },
      meaning: 'Requests per second that lost their place in the cache and are computed again.',
      reading: valueOf(rate('preemptions')),
    },
    {
      ...{ signal: 'prefix_cache_hit_ratio', unit: 'ratio' },
      meaning: 'Share of looked-up prompt tokens that were found in the prefix cache.',
      reading: ratioOf(rate('prefixHits'), rate('prefixQueries')),
      isOptional: true,
    },
  ],
  signature: { series: 'vllm:num_requests_running', labels: { model: 'model_name' } },
  remarks: [
    'vLLM counts no errors: take 4xx and 5xx from its HTTP layer by adding the preset fastapi with the same job.',
  ],
};

/** Triton Inference Server. Source: its documentation of metrics. */
export const TRITON: Preset = {
  title: 'NVIDIA Triton Inference Server',
  metrics: {
    duration: ['nv_inference_request_duration_us'],
    queue: ['nv_inference_queue_duration_us'],
    compute: ['nv_inference_compute_infer_duration_us'],
    success: ['nv_inference_request_success'],
    failure: ['nv_inference_request_failure'],
    inferences: ['nv_inference_count'],
    executions: ['nv_inference_exec_count'],
    pending: ['nv_inference_pending_request_count'],
    summary: ['nv_inference_request_summary_us'],
    gpu: ['nv_gpu_utilization'],
    gpuMemoryUsed: ['nv_gpu_memory_used_bytes'],
    gpuMemoryTotal: ['nv_gpu_memory_total_bytes'],
  },
  versionLabel: 'version',
  parameters: { model: 'The name of the model in the repository' },
  modelParameter: 'model',
  neededParameter: null,
  where: {},
  lines: [
    mean('latency_mean_seconds', 'Mean time of a request.', 'duration', 'success'),
    mean('queue_time_mean_seconds', 'Mean time that a request waits in the scheduler.', 'queue', 'success'),
    mean('compute_time_mean_seconds', 'Mean time of a request in the model itself.', 'compute', 'success'),
    ...(['0.5', '0.95', '0.99'] as const).map((quantile): PresetLine => ({
      signal: `latency_p${Number(quantile) * 100}_seconds`,
      unit: 'seconds',
      meaning: `Time of a request: the slowest process's own quantile ${quantile}, where summaries are on.`,
      reading: valueOf(gauge('summary', 'max', { ...MODEL, quantile })),
      scale: MICROSECONDS,
      isOptional: true,
    })),
    {
      ...{ signal: 'failure_ratio', unit: 'ratio' },
      meaning: 'Share of requests that failed, whoever is to blame: Triton has no status codes.',
      reading: ratioOf(ofModel('failure'), [ofModel('success'), ofModel('failure')]),
    },
    {
      ...{ signal: 'throughput_rps', unit: 'requests per second' },
      meaning: 'Requests per second, failed ones included.',
      reading: valueOf(ofModel('success'), ofModel('failure')),
    },
    {
      ...{
        signal: 'batch_size_mean',
        unit: 'rows',
        reading: ratioOf(ofModel('inferences'), ofModel('executions')),
      },
      meaning: 'Mean number of inferences in one execution.',
    },
    {
      ...{
        signal: 'queue_depth',
        unit: 'requests',
        reading: valueOf(gauge('pending', 'sum', MODEL)),
        isOptional: true,
      },
      meaning: 'Requests that wait to be executed.',
    },
    {
      ...{ signal: 'gpu_utilization_ratio', unit: 'ratio', reading: valueOf(gauge('gpu', 'max')) },
      meaning: 'Used share of the time of a GPU.',
      by: { gpu: ['gpu_uuid'] },
      isOptional: true,
    },
    {
      ...{ signal: 'gpu_memory_utilization_ratio', unit: 'ratio' },
      meaning: "Used share of a GPU's memory.",
      reading: ratioOf(gauge('gpuMemoryUsed', 'max'), gauge('gpuMemoryTotal', 'max')),
      by: { gpu: ['gpu_uuid'] },
      isOptional: true,
    },
  ],
  signature: { series: 'nv_inference_request_success', labels: { model: 'model' } },
  remarks: [
    'Without --metrics-config summary_latencies=true there are means only, no quantiles.',
    'GPU metrics are of the whole machine, not of one model.',
  ],
};

/** TorchServe in Prometheus mode. Source: its documentation of metrics; the project is archived. */
export const TORCHSERVE: Preset = {
  title: 'TorchServe',
  metrics: {
    latency: ['ts_inference_latency_microseconds'],
    queueLatency: ['ts_queue_latency_microseconds'],
    requests: ['ts_inference_requests_total'],
    successes: ['Requests2XX'],
    clientErrors: ['Requests4XX'],
    serverErrors: ['Requests5XX'],
  },
  versionLabel: 'model_version',
  parameters: { model: 'The name of the model (model_name)', job: 'The job of the scrape configuration' },
  modelParameter: 'model',
  neededParameter: 'job',
  where: { job: '${job}' },
  lines: [
    {
      ...{ signal: 'latency_mean_seconds', unit: 'seconds', meaning: 'Mean time of a request.' },
      reading: ratioOf(
        rate('latency', { model_name: '${model}' }),
        rate('requests', { model_name: '${model}' }),
      ),
      scale: MICROSECONDS,
    },
    {
      ...{ signal: 'queue_time_mean_seconds', unit: 'seconds' },
      meaning: 'Mean time that a request waits for a worker.',
      reading: ratioOf(
        rate('queueLatency', { model_name: '${model}' }),
        rate('requests', { model_name: '${model}' }),
      ),
      scale: MICROSECONDS,
    },
    {
      ...{ signal: 'throughput_rps', unit: 'requests per second', meaning: 'Requests per second.' },
      reading: valueOf(rate('requests', { model_name: '${model}' })),
    },
    {
      ...{ signal: 'error_ratio_4xx', unit: 'ratio' },
      meaning: 'Share of all requests of the server that ended in a client error (HTTP 4xx).',
      reading: ratioOf(rate('clientErrors'), [rate('successes'), rate('clientErrors'), rate('serverErrors')]),
      by: {},
    },
    {
      ...{ signal: 'error_ratio_5xx', unit: 'ratio' },
      meaning: 'Share of all requests of the server that ended in a server error (HTTP 5xx).',
      reading: ratioOf(rate('serverErrors'), [rate('successes'), rate('clientErrors'), rate('serverErrors')]),
      by: {},
    },
  ],
  signature: { series: 'ts_inference_requests_total', labels: { model: 'model_name', job: 'job' } },
  remarks: [
    'There are means only, no quantiles.',
    'Errors carry no model: they are of the whole server. Name its job when a Prometheus has several.',
  ],
};
