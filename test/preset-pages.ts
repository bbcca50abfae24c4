import type { PresetName } from '#collectors';

/** One series of a page: a counter grows by `step` with each cycle, a gauge stands at `value`. */
export type PageSeries = readonly [series: string, kind: 'counter' | 'gauge', value: number];

/** `perCycle` is a rate and `perCycleInWindow` an increase, which no two clocks measure alike. */
export type ExpectedValue =
  | number
  | { readonly atLeast: number }
  | { readonly perCycle: number }
  | { readonly perCycleInWindow: number };

/** A page as a serving system shows it, and what Leeway must make of it. */
export interface PresetPage {
  readonly series: readonly PageSeries[];
  /** How the preset is used, apart from what picks this page out. */
  readonly use?: object;
  /** Value by signal and labels. */
  readonly expected: Readonly<Record<string, ExpectedValue>>;
  /** Signals that need PromQL: a direct scrape cannot give them. */
  readonly onlyPrometheus?: readonly string[];
}

const counter = (series: string, value: number): PageSeries => [series, 'counter', value];
const gauge = (series: string, value: number): PageSeries => [series, 'gauge', value];

/** Bounds with how many of the calls of a cycle are at most that; the last is all of them. */
function histogram(name: string, labels: string, bounds: Record<string, number>): PageSeries[] {
  const comma = labels === '' ? '' : ',';
  const total = Object.values(bounds).at(-1) ?? 0;
  return [
    ...Object.entries(bounds).map(([le, count]) =>
      counter(`${name}_bucket{${labels}${comma}le="${le}"}`, count),
    ),
    counter(`${name}_count{${labels}}`, total),
    counter(`${name}_sum{${labels}}`, total / 10),
  ];
}

/** p50 in the middle of (0, 0.2], p95 in the middle of (0.2, 0.6], p99 beyond the last bound. */
const BOUNDS = { '0.2': 90, '0.6': 98, '+Inf': 100 };
const QUANTILES = { p50: (0.2 * 50) / 90, p95: 0.2 + (0.4 * 5) / 8, p99: { atLeast: 0.6 } };
const MS_BOUNDS = { '200': 90, '600': 98, '+Inf': 100 };

const quantiles = (prefix: string, labels = ''): PresetPage['expected'] => ({
  [`${prefix}_p50_seconds${labels}`]: QUANTILES.p50,
  [`${prefix}_p95_seconds${labels}`]: QUANTILES.p95,
  [`${prefix}_p99_seconds${labels}`]: QUANTILES.p99,
});

export const PRESET_PAGES: Readonly<Record<PresetName, PresetPage>> = {
  fastapi: {
    series: [
      ...histogram('http_request_duration_highr_seconds', '', BOUNDS),
      ...histogram('http_request_duration_seconds', 'handler="/predict",method="POST"', BOUNDS),
      counter('http_requests_total{handler="/predict",method="POST",status="2xx"}', 90),
      counter('http_requests_total{handler="/predict",method="POST",status="4xx"}', 8),
      counter('http_requests_total{handler="/predict",method="POST",status="503"}', 2),
      counter('http_requests_total{handler="/health",method="GET",status="2xx"}', 100),
      gauge('http_requests_inprogress{handler="/predict",method="POST"}', 3),
    ],
    expected: {
      ...quantiles('latency'),
      ...quantiles('endpoint_latency', '{endpoint="/predict"}'),
      throughput_rps: { perCycle: 200 },
      error_ratio_4xx: 0.04,
      error_ratio_5xx: 0.01,
      'endpoint_error_ratio_4xx{endpoint="/predict"}': 0.08,
      'endpoint_error_ratio_5xx{endpoint="/predict"}': 0.02,
      'endpoint_error_ratio_4xx{endpoint="/health"}': 0,
      'endpoint_error_ratio_5xx{endpoint="/health"}': 0,
      requests_in_progress: 3,
    },
  },
  bentoml: {
    series: [
      ...histogram(
        'bentoml_service_request_duration_seconds',
        'endpoint="/classify",service_name="m",service_version="v1",runner_name="",http_response_code="200"',
        BOUNDS,
      ),
      counter(
        'bentoml_service_request_total{endpoint="/classify",service_name="m",service_version="v1",http_response_code="200"}',
        90,
      ),
      counter(
        'bentoml_service_request_total{endpoint="/classify",service_name="m",service_version="v1",http_response_code="500"}',
        10,
      ),
      counter(
        'bentoml_service_request_total{endpoint="/classify",service_name="other",service_version="v1",http_response_code="500"}',
        50,
      ),
      gauge(
        'bentoml_service_request_in_progress{endpoint="/classify",service_name="m",service_version="v1"}',
        2,
      ),
      counter(
        'bentoml_service_adaptive_batch_size_sum{service_name="m",service_version="v1",worker_index="1"}',
        80,
      ),
      counter(
        'bentoml_service_adaptive_batch_size_count{service_name="m",service_version="v1",worker_index="1"}',
        10,
      ),
    ],
    expected: {
      ...quantiles('latency', '{version="v1"}'),
      ...quantiles('endpoint_latency', '{endpoint="/classify",version="v1"}'),
      'throughput_rps{version="v1"}': { perCycle: 100 },
      'error_ratio_4xx{version="v1"}': 0,
      'error_ratio_5xx{version="v1"}': 0.1,
      'endpoint_error_ratio_4xx{endpoint="/classify",version="v1"}': 0,
      'endpoint_error_ratio_5xx{endpoint="/classify",version="v1"}': 0.1,
      'requests_in_progress{version="v1"}': 2,
      'batch_size_mean{version="v1"}': 8,
    },
  },
  istio: {
    series: [
      ...['destination', 'source'].flatMap((reporter) => [
        ...histogram(
          'istio_request_duration_milliseconds',
          `reporter="${reporter}",destination_service_name="m",destination_service_namespace="prod",destination_version="v1",source_workload="shop",response_code="200"`,
          MS_BOUNDS,
        ),
        ...[
          ['shop', '200', 60],
          ['shop', '404', 20],
          ['batch', '200', 19],
          ['batch', '503', 1],
        ].map(([workload, code, count]) =>
          counter(
            `istio_requests_total{reporter="${reporter}",destination_service_name="m",destination_service_namespace="prod",destination_version="v1",source_workload="${workload}",response_code="${code}"}`,
            Number(count),
          ),
        ),
      ]),
    ],
    expected: {
      ...quantiles('latency', '{version="v1"}'),
      'throughput_rps{version="v1"}': { perCycle: 100 },
      'error_ratio_4xx{version="v1"}': 0.2,
      'error_ratio_5xx{version="v1"}': 0.01,
      'client_error_ratio_4xx{client="shop",version="v1"}': 0.25,
      'client_error_ratio_5xx{client="shop",version="v1"}': 0,
      'client_error_ratio_4xx{client="batch",version="v1"}': 0,
      'client_error_ratio_5xx{client="batch",version="v1"}': 0.05,
    },
  },
  kserve: {
    series: ['predict', 'preprocess', 'postprocess', 'explain'].flatMap((step) =>
      histogram(`request_${step}_seconds`, 'model_name="m"', BOUNDS),
    ),
    expected: {
      ...quantiles('predict_latency'),
      ...quantiles('preprocess_latency'),
      ...quantiles('postprocess_latency'),
      ...quantiles('explain_latency'),
      throughput_rps: { perCycle: 100 },
    },
  },
  knative: {
    series: [
      ...histogram(
        'revision_app_request_latencies',
        'service_name="m",namespace_name="prod",revision_name="m-00001",response_code="200",response_code_class="2xx"',
        MS_BOUNDS,
      ),
      counter(
        'revision_app_request_count{service_name="m",namespace_name="prod",revision_name="m-00001",response_code="200"}',
        70,
      ),
      counter(
        'revision_app_request_count{service_name="m",namespace_name="prod",revision_name="m-00001",response_code="422"}',
        30,
      ),
      gauge('revision_queue_depth{service_name="m",namespace_name="prod",revision_name="m-00001"}', 4),
      gauge('autoscaler_actual_pods{service_name="m",namespace_name="prod",revision_name="m-00001"}', 2),
      gauge('autoscaler_desired_pods{service_name="m",namespace_name="prod",revision_name="m-00001"}', 3),
      gauge('autoscaler_panic_mode{service_name="m",namespace_name="prod",revision_name="m-00001"}', 0),
    ],
    expected: {
      ...quantiles('latency', '{version="m-00001"}'),
      'throughput_rps{version="m-00001"}': { perCycle: 100 },
      'error_ratio_4xx{version="m-00001"}': 0.3,
      'error_ratio_5xx{version="m-00001"}': 0,
      'queue_depth{version="m-00001"}': 4,
      'replicas_ready{version="m-00001"}': 2,
      'replicas_desired{version="m-00001"}': 3,
      'autoscaler_panic{version="m-00001"}': 0,
    },
  },
  vllm: {
    series: [
      ...[
        'vllm:e2e_request_latency_seconds',
        'vllm:time_to_first_token_seconds',
        'vllm:request_queue_time_seconds',
      ].flatMap((name) => histogram(name, 'engine="0",model_name="m"', BOUNDS)),
      // The name of older releases.
      ...histogram('vllm:time_per_output_token_seconds', 'engine="0",model_name="m"', BOUNDS),
      counter('vllm:request_success_total{engine="0",model_name="m",finished_reason="stop"}', 95),
      counter('vllm:request_success_total{engine="0",model_name="m",finished_reason="abort"}', 5),
      counter('vllm:prompt_tokens_total{engine="0",model_name="m"}', 1_000),
      counter('vllm:generation_tokens_total{engine="0",model_name="m"}', 400),
      gauge('vllm:num_requests_running{engine="0",model_name="m"}', 7),
      gauge('vllm:num_requests_waiting{engine="0",model_name="m"}', 2),
      gauge('vllm:gpu_cache_usage_perc{engine="0",model_name="m"}', 0.75),
      counter('vllm:num_preemptions_total{engine="0",model_name="m"}', 1),
      counter('vllm:prefix_cache_hits_total{engine="0",model_name="m"}', 30),
      counter('vllm:prefix_cache_queries_total{engine="0",model_name="m"}', 120),
    ],
    expected: {
      ...quantiles('latency'),
      ...quantiles('time_to_first_token'),
      ...quantiles('inter_token_latency'),
      ...quantiles('queue_time'),
      throughput_rps: { perCycle: 100 },
      aborted_ratio: 0.05,
      prompt_tokens_per_second: { perCycle: 1_000 },
      generation_tokens_per_second: { perCycle: 400 },
      requests_in_progress: 7,
      queue_depth: 2,
      kv_cache_utilization_ratio: 0.75,
      preemptions_per_second: { perCycle: 1 },
      prefix_cache_hit_ratio: 0.25,
    },
  },
  triton: {
    series: [
      counter('nv_inference_request_duration_us{model="m",version="1"}', 4_500_000),
      counter('nv_inference_queue_duration_us{model="m",version="1"}', 900_000),
      counter('nv_inference_compute_infer_duration_us{model="m",version="1"}', 1_800_000),
      counter('nv_inference_request_success{model="m",version="1"}', 90),
      counter('nv_inference_request_failure{model="m",version="1",reason="BACKEND"}', 6),
      counter('nv_inference_request_failure{model="m",version="1",reason="REJECTED"}', 4),
      counter('nv_inference_count{model="m",version="1"}', 360),
      counter('nv_inference_exec_count{model="m",version="1"}', 90),
      gauge('nv_inference_pending_request_count{model="m",version="1"}', 5),
      gauge('nv_inference_request_summary_us{model="m",version="1",quantile="0.5"}', 40_000),
      gauge('nv_inference_request_summary_us{model="m",version="1",quantile="0.95"}', 90_000),
      gauge('nv_inference_request_summary_us{model="m",version="1",quantile="0.99"}', 250_000),
      counter('nv_inference_request_success{model="other",version="1"}', 500),
      gauge('nv_gpu_utilization{gpu_uuid="GPU-1"}', 0.5),
      gauge('nv_gpu_memory_used_bytes{gpu_uuid="GPU-1"}', 6e9),
      gauge('nv_gpu_memory_total_bytes{gpu_uuid="GPU-1"}', 24e9),
    ],
    expected: {
      'latency_mean_seconds{version="1"}': 0.05,
      'queue_time_mean_seconds{version="1"}': 0.01,
      'compute_time_mean_seconds{version="1"}': 0.02,
      'latency_p50_seconds{version="1"}': 0.04,
      'latency_p95_seconds{version="1"}': 0.09,
      'latency_p99_seconds{version="1"}': 0.25,
      'failure_ratio{version="1"}': 0.1,
      'throughput_rps{version="1"}': { perCycle: 100 },
      'batch_size_mean{version="1"}': 4,
      'queue_depth{version="1"}': 5,
      'gpu_utilization_ratio{gpu="GPU-1"}': 0.5,
      'gpu_memory_utilization_ratio{gpu="GPU-1"}': 0.25,
    },
  },
  torchserve: {
    series: [
      counter(
        'ts_inference_latency_microseconds{model_name="m",model_version="1.0",hostname="h"}',
        5_000_000,
      ),
      counter('ts_queue_latency_microseconds{model_name="m",model_version="1.0",hostname="h"}', 1_000_000),
      counter('ts_inference_requests_total{model_name="m",model_version="1.0",hostname="h"}', 100),
      counter('Requests2XX{Level="Host",Hostname="h"}', 90),
      counter('Requests4XX{Level="Host",Hostname="h"}', 8),
      counter('Requests5XX{Level="Host",Hostname="h"}', 2),
    ],
    expected: {
      'latency_mean_seconds{version="1.0"}': 0.05,
      'queue_time_mean_seconds{version="1.0"}': 0.01,
      'throughput_rps{version="1.0"}': { perCycle: 100 },
      error_ratio_4xx: 0.08,
      error_ratio_5xx: 0.02,
    },
  },
  dcgm: {
    series: [
      gauge('DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1",Hostname="n",exported_pod="m-1"}', 80),
      gauge('DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-1",Hostname="n",exported_pod="m-1"}', 6_000),
      gauge('DCGM_FI_DEV_FB_FREE{gpu="0",UUID="GPU-1",Hostname="n",exported_pod="m-1"}', 18_000),
      gauge('DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-1",Hostname="n",exported_pod="m-1"}', 61),
      gauge('DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-1",Hostname="n",exported_pod="m-1"}', 210),
      gauge('DCGM_FI_DEV_XID_ERRORS{gpu="0",UUID="GPU-1",Hostname="n",exported_pod="m-1"}', 0),
    ],
    expected: {
      'gpu_utilization_ratio{gpu="0",node="n",pod="m-1"}': 0.8,
      'gpu_memory_utilization_ratio{gpu="0",node="n",pod="m-1"}': 0.25,
      'gpu_temperature_celsius{gpu="0",node="n",pod="m-1"}': 61,
      'gpu_power_watts{gpu="0",node="n",pod="m-1"}': 210,
      'gpu_xid_error{gpu="0",node="n",pod="m-1"}': 0,
    },
  },
  kubernetes: {
    series: [
      counter('container_cpu_usage_seconds_total{namespace="prod",pod="m-1",container="app"}', 0.01),
      counter('container_cpu_usage_seconds_total{namespace="prod",pod="m-1",container="proxy"}', 0.0025),
      counter('container_cpu_usage_seconds_total{namespace="prod",pod="m-1",container=""}', 0.0125),
      counter('container_cpu_usage_seconds_total{namespace="prod",pod="m-1",container="POD"}', 0.5),
      counter('container_cpu_usage_seconds_total{namespace="prod",pod="other-1",container="app"}', 1),
      gauge('container_memory_working_set_bytes{namespace="prod",pod="m-1",container="app"}', 3e9),
      gauge('container_memory_working_set_bytes{namespace="prod",pod="m-1",container="proxy"}', 1e9),
      gauge('container_memory_working_set_bytes{namespace="prod",pod="m-1",container=""}', 4e9),
      gauge(
        'kube_pod_container_resource_limits{namespace="prod",pod="m-1",container="app",resource="memory",unit="byte"}',
        6e9,
      ),
      gauge(
        'kube_pod_container_resource_limits{namespace="prod",pod="m-1",container="proxy",resource="memory",unit="byte"}',
        2e9,
      ),
      gauge(
        'kube_pod_container_resource_limits{namespace="prod",pod="m-1",container="app",resource="cpu",unit="core"}',
        1,
      ),
      counter('container_cpu_cfs_throttled_periods_total{namespace="prod",pod="m-1",container="app"}', 1),
      counter('container_cpu_cfs_periods_total{namespace="prod",pod="m-1",container="app"}', 4),
      counter('kube_pod_container_status_restarts_total{namespace="prod",pod="m-1",container="app"}', 1),
      counter('kube_pod_container_status_restarts_total{namespace="prod",pod="m-1",container="proxy"}', 1),
      gauge(
        'kube_pod_container_status_last_terminated_reason{namespace="prod",pod="m-1",container="app",reason="OOMKilled"}',
        1,
      ),
      gauge(
        'kube_pod_container_status_last_terminated_reason{namespace="prod",pod="m-1",container="proxy",reason="Error"}',
        1,
      ),
      gauge('kubelet_volume_stats_available_bytes{namespace="prod",persistentvolumeclaim="cache"}', 2e10),
      gauge('kubelet_volume_stats_capacity_bytes{namespace="prod",persistentvolumeclaim="cache"}', 8e10),
      gauge('kube_deployment_status_replicas_ready{namespace="prod",deployment="m"}', 0),
      gauge('kube_deployment_spec_replicas{namespace="prod",deployment="m"}', 2),
      gauge(
        'kube_horizontalpodautoscaler_spec_max_replicas{namespace="prod",horizontalpodautoscaler="m"}',
        5,
      ),
    ],
    expected: {
      'cpu_utilization_ratio{pod="m-1"}': { perCycle: 0.0125 },
      'cpu_cores{pod="m-1"}': { perCycle: 0.0125 },
      'cpu_throttled_ratio{pod="m-1"}': 0.25,
      'memory_utilization_ratio{pod="m-1"}': 0.5,
      'memory_bytes{pod="m-1"}': 4e9,
      'disk_utilization_ratio{volume="cache"}': 0.75,
      'container_restarts{pod="m-1"}': { perCycleInWindow: 2 },
      'oom_kills{pod="m-1"}': { perCycleInWindow: 1 },
      replicas_ready: 0,
      replicas_desired: 2,
      replicas_max: 5,
    },
    use: { parameters: { namespace: 'prod' } },
    onlyPrometheus: ['oom_kills'],
  },
  node: {
    series: [
      counter('node_cpu_seconds_total{cpu="0",mode="idle"}', 0.03),
      counter('node_cpu_seconds_total{cpu="0",mode="user"}', 0.02),
      counter('node_cpu_seconds_total{cpu="1",mode="idle"}', 0.05),
      gauge('node_memory_MemAvailable_bytes', 3e9),
      gauge('node_memory_MemTotal_bytes', 12e9),
      gauge('node_filesystem_avail_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"}', 4e10),
      gauge('node_filesystem_size_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"}', 5e10),
      gauge('node_filesystem_avail_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"}', 1e9),
      gauge('node_filesystem_size_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"}', 1e9),
    ],
    expected: {
      'node_cpu_utilization_ratio{node="INSTANCE"}': 0.2,
      'node_memory_utilization_ratio{node="INSTANCE"}': 0.75,
      'node_disk_utilization_ratio{mountpoint="/",node="INSTANCE"}': 0.2,
    },
  },
};
