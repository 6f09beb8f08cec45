import type { JsonObject, Manifest } from '../manifest.ts'
import { selectorOf, type GatewayPlan, type WaypointSettings } from './gateway-plan.ts'
import { metadataOf, podMetadataOf } from './metadata.ts'

/** How long a Pod still takes connections after it was told to end, while everybody learns that it does. */
const PRE_STOP_SECONDS = 5
/** `fairway run` has this long to drain. */
const DRAIN_SECONDS = 25
/** What is left to end in. */
const SPARE_SECONDS = 5
/** Istio's proxies run as this user; images of ours need none. */
const USER = 1337

/** The replicas of a Gateway (waypoint contract 3.2 and 3.7). How many there are is for the autoscaler to say. */
export const deploymentOf = (plan: GatewayPlan, settings: WaypointSettings): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: metadataOf(plan),
  spec: {
    selector: { matchLabels: selectorOf(plan) },
    // A replica more before one less: what it carries must find room elsewhere.
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: { metadata: podMetadataOf(plan), spec: podOf(plan, settings) },
  },
})

const podOf = (plan: GatewayPlan, settings: WaypointSettings): JsonObject => ({
  serviceAccountName: plan.serviceAccount,
  terminationGracePeriodSeconds: PRE_STOP_SECONDS + DRAIN_SECONDS + SPARE_SECONDS,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: selectorOf(plan) },
    // A rollout is spread by itself, whatever the replicas that go leave behind.
    matchLabelKeys: ['pod-template-hash'],
  })),
  containers: [containerOf(plan, settings)],
  volumes,
})

const containerOf = (plan: GatewayPlan, settings: WaypointSettings): JsonObject => ({
  name: 'fairway',
  image: settings.image,
  imagePullPolicy: settings.imagePullPolicy,
  args: argumentsOf(settings),
  env: environmentOf(plan, settings),
  ports: [
    { name: 'mesh', containerPort: 15_008, protocol: 'TCP' },
    { name: 'metrics', containerPort: 15_020, protocol: 'TCP' },
    { name: 'status-port', containerPort: 15_021, protocol: 'TCP' },
  ],
  startupProbe: { ...readiness, initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 30 },
  readinessProbe: { ...readiness, periodSeconds: 15, failureThreshold: 4 },
  lifecycle: { preStop: { sleep: { seconds: PRE_STOP_SECONDS } } },
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '1Gi' } },
  securityContext: {
    runAsUser: USER,
    runAsGroup: USER,
    runAsNonRoot: true,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    privileged: false,
    capabilities: { drop: ['ALL'] },
  },
  volumeMounts: [
    { name: 'istio-token', mountPath: '/var/run/secrets/tokens', readOnly: true },
    { name: 'istiod-ca-cert', mountPath: '/var/run/secrets/istio', readOnly: true },
    { name: 'workload-socket', mountPath: '/var/run/secrets/workload-spiffe-uds' },
    { name: 'podinfo', mountPath: '/etc/istio/pod', readOnly: true },
    { name: 'tmp', mountPath: '/tmp' },
  ],
})

const readiness: JsonObject = { httpGet: { path: '/healthz/ready', port: 15_021 }, timeoutSeconds: 1 }

/** One process each: the autoscaler adds replicas, which are spread over nodes, and not workers. */
const argumentsOf = (settings: WaypointSettings): readonly string[] => [...ownArgumentsOf(settings), ...settings.flags]

/** What it is started with whatever `flags` say. */
export const ownArgumentsOf = ({
  clusterDomain,
  trustDomain,
  istioNamespace,
}: Pick<WaypointSettings, 'clusterDomain' | 'trustDomain' | 'istioNamespace'>): readonly string[] => [
  'run',
  '--kube',
  '--ca=istiod',
  '--workers=1',
  `--drain-seconds=${DRAIN_SECONDS}`,
  `--cluster-domain=${clusterDomain}`,
  ...(trustDomain === undefined ? [] : [`--trust-domain=${trustDomain}`]),
  ...(istioNamespace === 'istio-system' ? [] : [`--istio-namespace=${istioNamespace}`]),
]

const environmentOf = (plan: GatewayPlan, settings: WaypointSettings): readonly JsonObject[] => [
  { name: 'GATEWAY_NAMESPACE', value: plan.namespace },
  { name: 'GATEWAY_NAME', value: plan.name },
  fromField('POD_NAME', 'metadata.name'),
  fromField('POD_NAMESPACE', 'metadata.namespace'),
  fromField('INSTANCE_IP', 'status.podIP'),
  fromField('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
  fromField('FAIRWAY_NODE', 'spec.nodeName'),
  // Kubernetes gives Pods the label from 1.35 on; before, the variable is empty, which is as if it were not there.
  fromField('FAIRWAY_ZONE', "metadata.labels['topology.kubernetes.io/zone']"),
  { name: 'CLUSTER_ID', value: settings.clusterId },
  { name: 'CA_ADDRESS', value: settings.caAddress ?? istiodOf(plan, settings) },
]

const fromField = (name: string, fieldPath: string): JsonObject => ({
  name,
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
})

const istiodOf = ({ revision }: GatewayPlan, { istioNamespace }: WaypointSettings): string =>
  `istiod${revision === undefined || revision === 'default' ? '' : `-${revision}`}.${istioNamespace}.svc:15012`

const volumes: readonly JsonObject[] = [
  {
    name: 'istio-token',
    projected: {
      sources: [{ serviceAccountToken: { audience: 'istio-ca', expirationSeconds: 43_200, path: 'istio-token' } }],
    },
  },
  { name: 'istiod-ca-cert', configMap: { name: 'istio-ca-root-cert' } },
  { name: 'workload-socket', emptyDir: {} },
  {
    name: 'podinfo',
    downwardAPI: {
      items: ['labels', 'annotations'].map((path) => ({
        path,
        fieldRef: { apiVersion: 'v1', fieldPath: `metadata.${path}` },
      })),
    },
  },
  { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
]
