/** Values of waypoints: they become defaults of the class, which GatewayClass and Gateway may change again. */
import {
  anyObject,
  anyObjects,
  choice,
  digest,
  env,
  flag,
  freeLabels,
  group,
  integer,
  listOf,
  orNull,
  pullSecrets,
  quantity,
  repository,
  resources,
  tag,
  text,
  textMap,
  tolerations,
  value,
  type Value,
  type ValueGroup,
} from './value-node.ts'

const behavior = {
  scaleUp: { stabilizationWindowSeconds: 0 },
  scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }] },
}

const autoscaling = group('How many replicas a waypoint has.', {
  enabled: value('Whether there is a HorizontalPodAutoscaler for each.', true, flag),
  minReplicas: value('At least so many.', 2, integer(1)),
  maxReplicas: value('At most so many.', 10, integer(1)),
  averageCpu: value(
    'CPU for each replica. One has one thread for traffic, so that much more than one core is never reached.',
    '600m',
    quantity,
  ),
  metrics: value('Stands for averageCpu: metrics of a HorizontalPodAutoscaler.', [], anyObjects),
  behavior: value('How fast. A replica that goes moves its clients: slowly, and not for a dip.', behavior, anyObject),
})

const patch = (what: string): Value => value(`Of the ${what}.`, {}, anyObject)

/** `waypoint` */
export const waypointValues: ValueGroup = group(
  'What waypoints of class fairway-waypoint are made with. ConfigMaps that a class or Gateway names go before it.',
  {
    image: group('Where waypoints have another image than the controller: what is empty is as above.', {
      repository: value('With its registry.', '', repository),
      tag: value('A version to try.', '', tag),
      digest: value('sha256:…; goes before the tag.', '', digest),
      pullPolicy: value('When it is pulled.', '', choice('', 'Always', 'IfNotPresent', 'Never')),
    }),
    imagePullSecrets: value('Secrets of each namespace that has a waypoint: [{name: …}].', [], pullSecrets),
    resources: value(
      'Of each replica.',
      { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '1Gi' } },
      resources,
    ),
    autoscaling,
    replicas: value(
      'Without autoscaling: so many; null: whoever scales it, such as KEDA, says how many.',
      null,
      orNull(integer(0)),
    ),
    podDisruptionBudget: group('While nodes are drained.', {
      enabled: value('Whether there is one for each waypoint.', true, flag),
      maxUnavailable: value('So many replicas at a time may be taken away: a number or a share such as 25%.', 1, {
        oneOf: [integer(0), { type: 'string', pattern: '^[0-9]+%$' }],
      }),
    }),
    nodeSelector: value('Labels of nodes that they may run on.', {}, textMap),
    tolerations: value('Taints of nodes that they bear.', [], tolerations),
    affinity: value('As in a Pod.', {}, anyObject),
    priorityClassName: value('As in a Pod.', '', text),
    podLabels: value('On their Pods.', {}, freeLabels),
    podAnnotations: value('On their Pods.', {}, textMap),
    accessLog: group('What is told of requests where neither a Telemetry object nor the MeshConfig says anything.', {
      encoding: value('A line for each, to stdout: json or text; empty: none.', '', choice('', 'json', 'text')),
      format: value('With the operators of Envoy: %RESPONSE_CODE%; empty: as Istio has it.', '', text),
      filter: value('Which requests have a line: response.code >= 400 || sample(0.01); empty: all.', '', text),
      decisions: value(
        'Decisions of AuthorizationPolicies: all that deny, and this share of the others; false: none; null: 0.01 with an access log.',
        null,
        { oneOf: [{ type: 'number', minimum: 0, maximum: 1 }, { const: false }, { type: 'null' }] },
      ),
    }),
    flowLog: group('Who has talked to whom, in the fields that Hubble has.', {
      to: value('/dev/stdout, or otlp; empty: nowhere.', '', text),
      filter: value('Which flows: sample(0.1); empty: all.', '', text),
    }),
    tracing: group('Where spans go for which no Telemetry object names a provider.', {
      endpoint: value('http://otel-collector.observability:4317; empty: nowhere.', '', text),
      protocol: value('Empty: by the port.', '', choice('', 'grpc', 'http/protobuf')),
      samplingPercent: value(
        'Of requests that no client has decided about; null: 1.',
        null,
        orNull({ type: 'number', minimum: 0, maximum: 100 }),
      ),
      errors: value('Reports those that fail although they were not chosen.', false, flag),
      propagators: value(
        'tracecontext, b3, b3multi, joined by commas; empty: all are read, tracecontext is written.',
        '',
        text,
      ),
    }),
    args: value(
      'Further flags of fairway run: such as --max-requests=20000, but none that the controller sets.',
      [],
      listOf(text),
    ),
    env: value('Further variables of their environment.', [], env),
    patches: group('Everything else: strategic merge patches, which come after all of the above.', {
      deployment: patch('Deployment'),
      service: patch('Service'),
      serviceAccount: patch('ServiceAccount'),
      horizontalPodAutoscaler: patch('HorizontalPodAutoscaler'),
      podDisruptionBudget: patch('PodDisruptionBudget'),
    }),
  },
)
