import type { JsonObject } from '../json.ts'
import type { Shape } from '../apply/shape.ts'
import { checkDefinition, checkDeployment, checkEndpointSlice, checkService } from './checks.ts'
import { completeDeployment, completeNamespace, completeService, type CompleteService } from './defaults.ts'
import type { Resource } from './resource.ts'
import * as shapes from './shapes.ts'

type Parts = Partial<Omit<Resource, 'group' | 'kind'>>

const asIs = (object: JsonObject): JsonObject => object
const fine = (): readonly never[] => []

const builtIn = (group: string, kind: string, parts: Parts = {}): Resource => ({
  group,
  kind,
  versions: ['v1'],
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  isNamespaced: true,
  hasStatus: false,
  hasGeneration: false,
  needsVersion: false,
  isCustom: false,
  shape: shapes.kindShape(),
  complete: asIs,
  check: fine,
  ...parts,
})

const clusterWide: Parts = { isNamespaced: false }
const withStatus = (shape: Shape): Parts => ({ hasStatus: true, shape })
const rbac = 'rbac.authorization.k8s.io'

/** Kubernetes' own kinds that a waypoint or its controller has to do with. */
export const builtIns = (allocate: CompleteService): readonly Resource[] => [
  builtIn('', 'ConfigMap'),
  builtIn('', 'Event'),
  builtIn('', 'Namespace', {
    ...clusterWide,
    ...withStatus(shapes.namespaceShape),
    complete: completeNamespace,
  }),
  builtIn('', 'Node', { ...clusterWide, ...withStatus(shapes.kindShape()) }),
  builtIn('', 'Pod', withStatus(shapes.podShape)),
  builtIn('', 'Secret'),
  builtIn('', 'Service', {
    ...withStatus(shapes.serviceShape),
    complete: (object, before) => completeService(object, before, allocate),
    check: checkService,
  }),
  builtIn('', 'ServiceAccount', { shape: shapes.serviceAccountShape }),
  builtIn('admissionregistration.k8s.io', 'ValidatingWebhookConfiguration', { ...clusterWide, hasGeneration: true }),
  builtIn('apiextensions.k8s.io', 'CustomResourceDefinition', {
    ...clusterWide,
    ...withStatus(shapes.kindShape()),
    hasGeneration: true,
    needsVersion: true,
    check: checkDefinition,
  }),
  builtIn('apps', 'DaemonSet', { ...withStatus(shapes.kindShape()), hasGeneration: true }),
  builtIn('apps', 'Deployment', {
    ...withStatus(shapes.deploymentShape),
    hasGeneration: true,
    complete: completeDeployment,
    check: checkDeployment,
  }),
  builtIn('autoscaling', 'HorizontalPodAutoscaler', { versions: ['v2', 'v1'], ...withStatus(shapes.kindShape()) }),
  builtIn('coordination.k8s.io', 'Lease', { needsVersion: true }),
  builtIn('discovery.k8s.io', 'EndpointSlice', { hasGeneration: true, check: checkEndpointSlice }),
  builtIn('events.k8s.io', 'Event'),
  builtIn('networking.k8s.io', 'NetworkPolicy', {
    plural: 'networkpolicies',
    singular: 'networkpolicy',
    hasGeneration: true,
  }),
  builtIn('policy', 'PodDisruptionBudget', { ...withStatus(shapes.disruptionBudgetShape), hasGeneration: true }),
  builtIn(rbac, 'ClusterRole', clusterWide),
  builtIn(rbac, 'ClusterRoleBinding', { ...clusterWide, shape: shapes.roleBindingShape }),
  builtIn(rbac, 'Role'),
  builtIn(rbac, 'RoleBinding', { shape: shapes.roleBindingShape }),
]
