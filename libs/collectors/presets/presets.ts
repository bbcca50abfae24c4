import { BENTOML, FASTAPI, ISTIO } from './http-servers.js';
import { TORCHSERVE, TRITON, VLLM } from './inference-servers.js';
import { KNATIVE, KSERVE } from './kubernetes-serving.js';
import type { Preset } from './preset.js';
import { DCGM, KUBERNETES, NODE } from './resources.js';

export const PRESET_NAMES = [
  'fastapi',
  'kserve',
  'knative',
  'istio',
  'vllm',
  'triton',
  'torchserve',
  'bentoml',
  'dcgm',
  'kubernetes',
  'node',
] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** Everything that Leeway knows of the metrics of others. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  fastapi: FASTAPI,
  kserve: KSERVE,
  knative: KNATIVE,
  istio: ISTIO,
  vllm: VLLM,
  triton: TRITON,
  torchserve: TORCHSERVE,
  bentoml: BENTOML,
  dcgm: DCGM,
  kubernetes: KUBERNETES,
  node: NODE,
};
