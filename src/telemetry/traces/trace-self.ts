import type { Tags } from './spans/peer-tags.ts'

/** What spans say of the waypoint itself. */
export interface TraceSelf {
  /** `service.name`: `waypoint.shop`, as Istio calls it. */
  readonly serviceName: string
  /** Further attributes of the resource. */
  readonly resource: Tags
  /** Tags of each span: `component`, `node_id`, and Istio's own of the proxy. */
  readonly tags: Tags
}

type Environment = Readonly<Record<string, string | undefined>>

/** Reads it from the variables that a waypoint's Pod has; those that are missing are left out. */
export const traceSelfOf = (
  env: Environment,
  facts: {
    readonly gateway: { readonly namespace: string; readonly name: string } | undefined
    readonly clusterDomain: string
    readonly trustDomain: string
    readonly version: string
  },
): TraceSelf => {
  const namespace = given(env['POD_NAMESPACE']) ?? facts.gateway?.namespace
  const name = facts.gateway?.name ?? 'waypoint'
  const pod = given(env['POD_NAME'])
  const address = given(env['INSTANCE_IP'])
  const cluster = given(env['CLUSTER_ID'])
  const node = given(env['FAIRWAY_NODE'])
  const where = namespace === undefined ? '' : `.${namespace}`
  return {
    serviceName: given(env['OTEL_SERVICE_NAME']) ?? `${name}${where}`,
    resource: defined({
      'service.version': facts.version,
      'k8s.namespace.name': namespace,
      'k8s.pod.name': pod,
      'k8s.node.name': node,
      'k8s.cluster.name': cluster,
    }),
    tags: defined({
      component: 'proxy',
      // Istio's form of it, of which Kiali reads who has written the span.
      node_id: `waypoint~${address ?? ''}~${pod ?? name}${where}~${namespace ?? ''}.svc.${facts.clusterDomain}`,
      'istio.canonical_service': name,
      'istio.canonical_revision': 'latest',
      'istio.mesh_id': given(env['MESH_ID']) ?? facts.trustDomain,
      'istio.namespace': namespace,
      'istio.cluster_id': cluster,
    }),
  }
}

const given = (value: string | undefined): string | undefined => (value === '' ? undefined : value)

const defined = (tags: Readonly<Record<string, string | undefined>>): Tags =>
  Object.fromEntries(Object.entries(tags).filter((tag): tag is [string, string] => tag[1] !== undefined))

/** The attributes that `OTEL_RESOURCE_ATTRIBUTES` names: `key=value,key=value`, values percent-encoded; what is none is left out. */
export const readResourceAttributes = (text: string): Tags => {
  const tags: Record<string, string> = {}
  for (const part of text.split(',')) {
    const [, key, value] = /^\s*([^=\s]{1,255})\s*=\s*(.*?)\s*$/.exec(part) ?? []
    if (key === undefined || value === undefined) continue
    try {
      tags[key] = decodeURIComponent(value)
    } catch {
      tags[key] = value
    }
  }
  return tags
}
