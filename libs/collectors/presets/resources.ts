import {
  gauge,
  increase,
  rate,
  ratioOf,
  valueOf,
  type MatchTemplates,
  type Preset,
  type PresetLine,
} from './preset.js';

const PODS: MatchTemplates = { namespace: '${namespace}', pod: { matches: '${workload}-.+' } };
/** cAdvisor's sums over the containers of a pod have no container, and its pause container is POD. */
const CONTAINERS: MatchTemplates = { ...PODS, container: { notMatches: '|POD' } };
const DEPLOYMENTS: MatchTemplates = {
  namespace: '${namespace}',
  deployment: { matches: '${workload}(-.+)?' },
};
const SCALERS: MatchTemplates = {
  namespace: '${namespace}',
  horizontalpodautoscaler: { matches: '${workload}(-.+)?' },
};
const BY_POD = { pod: ['pod'] };

const replicas = (signal: string, metric: string, meaning: string, where: MatchTemplates): PresetLine => ({
  ...{ signal, unit: 'replicas', reading: valueOf(gauge(metric, 'sum', where)), meaning, isOptional: true },
});

/** cAdvisor in the kubelet, with kube-state-metrics. */
export const KUBERNETES: Preset = {
  title: 'Kubernetes (cAdvisor with kube-state-metrics)',
  metrics: {
    cpu: ['container_cpu_usage_seconds_total'],
    memory: ['container_memory_working_set_bytes'],
    limits: ['kube_pod_container_resource_limits'],
    throttled: ['container_cpu_cfs_throttled_periods_total'],
    periods: ['container_cpu_cfs_periods_total'],
    restarts: ['kube_pod_container_status_restarts_total'],
    lastTerminated: ['kube_pod_container_status_last_terminated_reason'],
    diskAvailable: ['kubelet_volume_stats_available_bytes'],
    diskCapacity: ['kubelet_volume_stats_capacity_bytes'],
    replicasReady: ['kube_deployment_status_replicas_ready'],
    replicasDesired: ['kube_deployment_spec_replicas'],
    replicasMax: ['kube_horizontalpodautoscaler_spec_max_replicas'],
  },
  versionLabel: null,
  parameters: {
    namespace: 'The namespace of the pods',
    workload:
      "The name of the deployment, with which its pods' names begin; the model's name unless it is given",
  },
  modelParameter: 'workload',
  neededParameter: null,
  where: {},
  lines: [
    {
      ...{ signal: 'cpu_utilization_ratio', unit: 'ratio', by: BY_POD },
      meaning: "Used share of a pod's CPU limit.",
      reading: ratioOf(rate('cpu', CONTAINERS), gauge('limits', 'sum', { ...PODS, resource: 'cpu' })),
      isOptional: true,
    },
    {
      ...{ signal: 'cpu_cores', unit: 'cores', by: BY_POD, reading: valueOf(rate('cpu', CONTAINERS)) },
      meaning: 'CPU time that a pod uses each second.',
    },
    {
      ...{ signal: 'cpu_throttled_ratio', unit: 'ratio', by: BY_POD },
      meaning: 'Share of the scheduling periods in which a pod was held back by its CPU limit.',
      reading: ratioOf(rate('throttled', CONTAINERS), rate('periods', CONTAINERS)),
      isOptional: true,
    },
    {
      ...{ signal: 'memory_utilization_ratio', unit: 'ratio', by: BY_POD },
      meaning: "Used share of a pod's memory limit: its working set, which is what the kernel kills for.",
      reading: ratioOf(
        gauge('memory', 'sum', CONTAINERS),
        gauge('limits', 'sum', { ...PODS, resource: 'memory' }),
      ),
      isOptional: true,
    },
    {
      ...{ signal: 'memory_bytes', unit: 'bytes', by: BY_POD },
      meaning: 'Working set of a pod.',
      reading: valueOf(gauge('memory', 'sum', CONTAINERS)),
    },
    {
      ...{ signal: 'disk_utilization_ratio', unit: 'ratio', by: { volume: ['persistentvolumeclaim'] } },
      meaning: 'Used share of a persistent volume of the namespace.',
      reading: ratioOf(
        gauge('diskAvailable', 'min', { namespace: '${namespace}' }),
        gauge('diskCapacity', 'min', { namespace: '${namespace}' }),
      ),
      isComplement: true,
      isOptional: true,
    },
    {
      ...{ signal: 'container_restarts', unit: 'restarts', by: BY_POD },
      meaning:
        'Restarts of the containers of a pod within the rate window; extrapolated, so it may be a fraction.',
      reading: valueOf(increase('restarts', PODS)),
    },
    {
      ...{ signal: 'oom_kills', unit: 'restarts', by: BY_POD },
      meaning: 'Restarts within the rate window of containers that were last killed for their memory.',
      reading: {
        kind: 'promql',
        query:
          'sum by (pod) (increase({{restarts}}[{{window}}]) and on (namespace, pod, container) {{lastTerminated:reason="OOMKilled"}} == 1) or 0 * sum by (pod) (increase({{restarts}}[{{window}}]))',
        where: PODS,
      },
    },
    replicas(
      'replicas_ready',
      'replicasReady',
      'Ready pods; 0 is an outage, or scaled to zero: the next request waits for a cold start.',
      DEPLOYMENTS,
    ),
    replicas('replicas_desired', 'replicasDesired', 'Pods that there should be.', DEPLOYMENTS),
    replicas('replicas_max', 'replicasMax', 'Pods that the autoscaler may start.', SCALERS),
  ],
  signature: {
    series: 'kube_deployment_spec_replicas',
    labels: { workload: 'deployment', namespace: 'namespace' },
  },
  remarks: [
    'Utilisation needs limits: a pod without them has cpu_cores and memory_bytes only.',
    'Pods are found by the beginning of their names; set workload when they are not called like the model.',
  ],
};

/** node exporter, per machine. */
export const NODE: Preset = {
  title: 'node exporter',
  metrics: {
    cpu: ['node_cpu_seconds_total'],
    memoryAvailable: ['node_memory_MemAvailable_bytes'],
    memoryTotal: ['node_memory_MemTotal_bytes'],
    diskAvailable: ['node_filesystem_avail_bytes'],
    diskSize: ['node_filesystem_size_bytes'],
  },
  versionLabel: null,
  parameters: { instance: 'The machine, as the label instance names it' },
  modelParameter: null,
  neededParameter: null,
  where: { instance: '${instance}' },
  lines: [
    {
      ...{ signal: 'node_cpu_utilization_ratio', unit: 'ratio', by: { node: ['instance'] } },
      meaning: "Used share of a machine's CPU time.",
      reading: ratioOf(rate('cpu', { mode: 'idle' }), rate('cpu')),
      isComplement: true,
    },
    {
      ...{ signal: 'node_memory_utilization_ratio', unit: 'ratio', by: { node: ['instance'] } },
      meaning: "Used share of a machine's memory.",
      reading: ratioOf(gauge('memoryAvailable'), gauge('memoryTotal')),
      isComplement: true,
    },
    {
      ...{ signal: 'node_disk_utilization_ratio', unit: 'ratio' },
      meaning: 'Used share of a file system.',
      reading: ratioOf(
        gauge('diskAvailable', 'min', { fstype: { notMatches: 'tmpfs|overlay|ramfs|squashfs' } }),
        gauge('diskSize', 'min', { fstype: { notMatches: 'tmpfs|overlay|ramfs|squashfs' } }),
      ),
      by: { node: ['instance'], mountpoint: ['mountpoint'] },
      isComplement: true,
    },
  ],
  signature: { series: 'node_memory_MemTotal_bytes', labels: { instance: 'instance' } },
  remarks: ['Signals are of machines: everything that runs there has its share in them.'],
};

const GPU_LABELS = { gpu: ['gpu'], node: ['Hostname'], pod: ['exported_pod', 'pod'] };

/** NVIDIA's DCGM exporter. Source: its default-counters.csv. */
export const DCGM: Preset = {
  title: 'NVIDIA DCGM exporter',
  metrics: {
    utilization: ['DCGM_FI_DEV_GPU_UTIL'],
    memoryUsed: ['DCGM_FI_DEV_FB_USED'],
    memoryFree: ['DCGM_FI_DEV_FB_FREE'],
    temperature: ['DCGM_FI_DEV_GPU_TEMP'],
    power: ['DCGM_FI_DEV_POWER_USAGE'],
    xid: ['DCGM_FI_DEV_XID_ERRORS'],
  },
  versionLabel: null,
  parameters: { node: 'The machine (Hostname), when the GPUs of one are meant' },
  modelParameter: null,
  neededParameter: null,
  where: { Hostname: '${node}' },
  lines: [
    {
      ...{ signal: 'gpu_utilization_ratio', unit: 'ratio', by: GPU_LABELS, scale: 0.01 },
      meaning: 'Share of the time in which a GPU computed anything.',
      reading: valueOf(gauge('utilization', 'avg')),
    },
    {
      ...{ signal: 'gpu_memory_utilization_ratio', unit: 'ratio', by: GPU_LABELS },
      meaning: "Used share of a GPU's memory.",
      reading: ratioOf(gauge('memoryUsed', 'max'), [gauge('memoryUsed', 'max'), gauge('memoryFree', 'max')]),
    },
    {
      ...{ signal: 'gpu_temperature_celsius', unit: 'degrees Celsius', by: GPU_LABELS },
      meaning: 'Temperature of a GPU.',
      reading: valueOf(gauge('temperature', 'max')),
      isOptional: true,
    },
    {
      ...{ signal: 'gpu_power_watts', unit: 'watts', by: GPU_LABELS },
      meaning: 'Power that a GPU draws.',
      reading: valueOf(gauge('power', 'max')),
      isOptional: true,
    },
    {
      ...{ signal: 'gpu_xid_error', unit: 'code', by: GPU_LABELS },
      meaning: "NVIDIA's code of the last error of a GPU; 0 is none.",
      reading: valueOf(gauge('xid', 'max')),
      isOptional: true,
    },
  ],
  signature: { series: 'DCGM_FI_DEV_GPU_UTIL', labels: { node: 'Hostname' } },
  remarks: [
    'Whether the label of the pod is pod or exported_pod depends on honor_labels of the scrape; both are read.',
    'DCGM_FI_DEV_MEM_COPY_UTIL is the use of the memory bus, not of the memory.',
  ],
};
