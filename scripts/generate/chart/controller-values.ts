/** Values of the controller’s Deployment. */
import {
  anyObject,
  choice,
  env,
  flag,
  group,
  integer,
  listOf,
  resources,
  text,
  textMap,
  tolerations,
  value,
  type ValueGroup,
} from './value-node.ts'

/** `controller` */
export const controllerValues: ValueGroup = group('fairway controller: makes Gateways real. It carries no traffic.', {
  replicas: value('One leads, the others wait.', 2, integer(0)),
  logLevel: value('How much it says.', 'info', choice('debug', 'info', 'warn', 'error', 'off')),
  args: value('Further flags of fairway controller.', [], listOf(text)),
  env: value('Further variables of its environment.', [], env),
  resources: value(
    'Of each replica. It takes 110 MB for a small cluster, and 165 MB where there are 5,000 routes.',
    { requests: { cpu: '50m', memory: '192Mi' }, limits: { memory: '512Mi' } },
    resources,
  ),
  podDisruptionBudget: group('While nodes are drained.', {
    enabled: value('Whether one replica at a time may be taken away. Only where there are two or more.', true, flag),
  }),
  spread: value(
    'Over zones and nodes: if that cannot be, a replica runs all the same, or waits; None: wherever.',
    'ScheduleAnyway',
    choice('ScheduleAnyway', 'DoNotSchedule', 'None'),
  ),
  nodeSelector: value('Labels of nodes that it may run on.', {}, textMap),
  tolerations: value('Taints of nodes that it bears.', [], tolerations),
  affinity: value('As in a Pod.', {}, anyObject),
  priorityClassName: value('As in a Pod.', '', text),
  annotations: value('On the Deployment.', {}, textMap),
  podLabels: value('On its Pods.', {}, textMap),
  podAnnotations: value('On its Pods.', {}, textMap),
  podSecurityContext: value(
    'Of its Pods. What stands here satisfies Pod Security “restricted”.',
    { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    anyObject,
  ),
  securityContext: value(
    'Of its container. Where the cluster chooses users (OpenShift), set runAsUser and runAsGroup to null.',
    {
      runAsUser: 1337,
      runAsGroup: 1337,
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    },
    anyObject,
  ),
})
