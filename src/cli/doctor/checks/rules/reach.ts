import type { PolicyTarget } from '../../../../config/objects/policy-target.ts'
import { waypointOf } from '../../../../config/translate/gateway/waypoint-labels.ts'
import { namespaceOf, refOf } from '../../look/live.ts'
import { isAmbient } from '../../look/namespaces.ts'
import { l4Policies } from '../../look/traffic/l4-policies.ts'
import { someOf } from '../../look/some-of.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { defineCheck, found, type Finding } from '../../check.ts'

type Code = 'FW0804' | 'FW0805' | 'FW0806' | 'FW0810'

export const reachCheck = defineCheck({
  name: 'reach',
  section: 'rules',
  title: 'routes and policies are about something that has a waypoint',
  needs: [
    'Namespace',
    'Service',
    'ServiceEntry',
    'Gateway',
    'HTTPRoute',
    'AuthorizationPolicy',
    'RequestAuthentication',
  ],
  codes: {
    FW0804: {
      level: 'warning',
      title: 'A route has a Service that no waypoint serves',
      cause:
        'A route names a Service in a namespace in ambient mode as its parent, and neither the Service nor its namespace asks for a waypoint. Nobody carries the route out.',
      cure: 'Bind the Service or its namespace to a waypoint (label istio.io/use-waypoint).',
    },
    FW0805: {
      level: 'error',
      title: 'A security policy is about nothing that a waypoint serves',
      cause:
        'An AuthorizationPolicy or RequestAuthentication has targetRefs, and none of them is there and has a waypoint. Nobody enforces it: what it should refuse is let through.',
      cure: 'Correct the name, or bind the Service to a waypoint. A policy is about objects of its own namespace only.',
    },
    FW0806: {
      level: 'warning',
      title: 'A policy of workloads asks for what ztunnel does not see',
      cause:
        'An AuthorizationPolicy chooses workloads, by labels or by its namespace, in a namespace in ambient mode, and has rules about requests, or about what else ztunnel does not see (`connection.sni`, `remote.ip`, `source.trustDomain`). ztunnel enforces it and sees connections only: an ALLOW rule that asks for a request never matches, so that more is refused; a DENY rule refuses all that the rest of it fits, or nothing where nothing is left; and no waypoint enforces it.',
      cure: 'Write it with targetRefs to the Service, so that the waypoint enforces it.',
    },
    FW0810: {
      level: 'warning',
      title: 'A Telemetry is about nothing that a waypoint serves',
      cause:
        'A Telemetry has targetRefs, and none of them is there and has a waypoint. Nobody goes by it: what it should count, log or trace in another way is told as if it were not there.',
      cure: 'Correct the name, or bind the Service to a waypoint. A Telemetry is about objects of its own namespace only.',
    },
  },
  run: (mesh) =>
    found([...routesWithout(mesh), ...policiesWithout(mesh), ...telemetriesWithout(mesh), ...unseen(mesh)]),
})

const routesWithout = (mesh: Mesh): readonly Finding<Code>[] => {
  const { catalog } = mesh.facts
  return [...catalog.routes, ...catalog.connectionRoutes].flatMap(({ object }): readonly Finding<Code>[] => {
    const home = object.metadata.namespace
    const lost = object.parentRefs.filter(({ group, kind, name, namespace = home }) => {
      if (kind !== 'Service' || (group !== '' && group !== 'core')) return false
      const key = `${namespace}/${name}`
      const isThere = catalog.services.has(key)
      const isInMesh = isAmbient(mesh.get('Namespace', '', namespace))
      // Of what may not be read nobody knows.
      if (!isThere && mesh.all('Service').every((one) => namespaceOf(one) !== namespace))
        return mesh.scope === undefined
      return !isThere || (isInMesh && mesh.facts.wantedBy(key) === undefined)
    })
    const [first] = lost
    if (first === undefined) return []
    const names = lost.map(({ name, namespace = home }) => {
      const key = `${namespace}/${name}`
      return `Service ${key} ${catalog.services.has(key) ? 'asks for no waypoint' : 'is not there'}`
    })
    const { kind, metadata } = object
    const ref = { kind, namespace: metadata.namespace, name: metadata.name }
    const { name, namespace = home } = first
    return [
      {
        code: 'FW0804',
        object: ref,
        message: names.join('; '),
        next: `kubectl get service ${name} -n ${namespace} --show-labels`,
      },
    ]
  })
}

const policiesWithout = (mesh: Mesh): readonly Finding<Code>[] => {
  const { catalog } = mesh.facts
  return [...catalog.authorizations, ...catalog.authentications].flatMap(({ object }) =>
    findWithout(mesh, object, { code: 'FW0805', effect: 'nobody enforces it' }),
  )
}

const telemetriesWithout = (mesh: Mesh): readonly Finding<Code>[] =>
  mesh.facts.catalog.telemetries.flatMap(({ object }) =>
    findWithout(mesh, object, { code: 'FW0810', effect: 'nobody goes by it' }),
  )

/** What there is to say of a policy none of whose targets has a waypoint. */
const findWithout = (
  mesh: Mesh,
  { kind, metadata, target }: Targeting,
  { code, effect }: { readonly code: Code; readonly effect: string },
): readonly Finding<Code>[] => {
  if (target.kind !== 'refs') return []
  const verdicts = target.refs.map((ref) => lackOf(mesh, ref, metadata.namespace))
  const lacks = verdicts.filter((one) => one !== undefined)
  if (lacks.length < verdicts.length) return []
  const ref = { kind, namespace: metadata.namespace, name: metadata.name }
  const next = `kubectl get ${kind.toLowerCase()} ${metadata.name} -n ${metadata.namespace} -o yaml`
  return [{ code, object: ref, message: `${effect}: ${someOf(lacks)}`, next }]
}

interface Targeting {
  readonly kind: string
  readonly metadata: { readonly namespace: string; readonly name: string }
  readonly target: PolicyTarget
}

type Target = Extract<PolicyTarget, { readonly kind: 'refs' }>['refs'][number]

/** Why nothing enforces a policy for a target; `undefined`: a waypoint does, of whatever class. */
const lackOf = (mesh: Mesh, { group, kind, name }: Target, namespace: string): string | undefined => {
  const { catalog } = mesh.facts
  const key = `${namespace}/${name}`
  switch (`${group}/${kind}`) {
    case '/Service': {
      if (!catalog.services.has(key)) return `Service ${key} is not there`
      return mesh.facts.wantedBy(key) === undefined ? `Service ${key} asks for no waypoint` : undefined
    }
    case 'networking.istio.io/ServiceEntry': {
      const entry = catalog.serviceEntries.get(key)?.object
      if (entry === undefined) return `ServiceEntry ${key} is not there`
      return waypointOf(entry, catalog) === undefined ? `ServiceEntry ${key} asks for no waypoint` : undefined
    }
    case 'gateway.networking.k8s.io/Gateway':
      return mesh.get('Gateway', namespace, name) === undefined ? `Gateway ${key} is not there` : undefined
    case 'gateway.networking.k8s.io/GatewayClass': {
      if (mesh.get('GatewayClass', '', name) === undefined) return `GatewayClass ${name} is not there`
      const { rootNamespace } = mesh.facts.options
      return namespace === rootNamespace ? undefined : `a GatewayClass counts in namespace ${rootNamespace} only`
    }
    default:
      return undefined
  }
}

const unseen = (mesh: Mesh): readonly Finding<Code>[] =>
  l4Policies(mesh).flatMap(({ live, object, unseen: count }): readonly Finding<Code>[] => {
    const ref = refOf(live)
    const isRoot = ref.namespace === mesh.facts.options.rootNamespace
    const isConcerned = isRoot || isAmbient(mesh.get('Namespace', '', ref.namespace))
    if (count === 0 || !isConcerned) return []
    const effect =
      object.action === 'ALLOW'
        ? 'never match, so that more is refused'
        : 'count without that, or not at all where nothing else is left'
    const message = `${object.action} with ${count} ${count === 1 ? 'rule' : 'rules'} about what ztunnel does not see, such as requests: they ${effect}`
    const next = `kubectl get authorizationpolicy ${ref.name} -n ${ref.namespace} -o yaml`
    return [{ code: 'FW0806', object: ref, message, next }]
  })
