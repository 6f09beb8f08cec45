/** What the API server fills into Kubernetes' own kinds, where a test could notice. */
import { isObject, listAt, objectAt, textAt, valueAt, withValue, type Json, type JsonObject } from '../json.ts'

/** Gives a cluster IP that nobody has; the wanted one where there is one. */
export type CompleteService = (wanted: string) => string

const withDefaults = (object: JsonObject, defaults: JsonObject): JsonObject => ({ ...defaults, ...object })

export const completeNamespace = (object: JsonObject): JsonObject => {
  const labels = {
    ...objectAt(object, 'metadata', 'labels'),
    'kubernetes.io/metadata.name': textAt(object, 'metadata', 'name'),
  }
  const spec = withDefaults(objectAt(object, 'spec'), { finalizers: ['kubernetes'] })
  const status = withDefaults(objectAt(object, 'status'), { phase: 'Active' })
  return { ...withValue(object, ['metadata', 'labels'], labels), spec, status }
}

export const completeService = (
  object: JsonObject,
  before: JsonObject | undefined,
  allocate: CompleteService,
): JsonObject => {
  const spec = objectAt(object, 'spec')
  const type = textAt(spec, 'type') === '' ? 'ClusterIP' : textAt(spec, 'type')
  const ports = listAt(spec, 'ports').map((port) => {
    if (!isObject(port)) return port
    return withDefaults(port, { protocol: 'TCP', targetPort: valueAt(port, 'port') ?? 0 })
  })
  const common = { type, sessionAffinity: 'None', ...(ports.length === 0 ? {} : { ports }) }
  const withPorts = { ...withDefaults(spec, common), ...(ports.length === 0 ? {} : { ports }) }
  if (type === 'ExternalName') return { ...object, spec: withPorts }
  const ip = textAt(spec, 'clusterIP') || textAt(before, 'spec', 'clusterIP')
  const clusterIP = ip === 'None' || ip === textAt(before, 'spec', 'clusterIP') ? ip || allocate('') : allocate(ip)
  const network = {
    clusterIP,
    clusterIPs: [clusterIP],
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
  }
  return {
    ...object,
    spec: withDefaults({ ...withPorts, clusterIP }, network),
    status: withDefaults(objectAt(object, 'status'), { loadBalancer: {} }),
  }
}

export const completeDeployment = (object: JsonObject): JsonObject => {
  const spec = withDefaults(objectAt(object, 'spec'), {
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
  })
  const pod = withDefaults(objectAt(spec, 'template', 'spec'), {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  })
  const containers = listAt(pod, 'containers').map(completeContainer)
  const account = textAt(pod, 'serviceAccountName')
  const template = withValue(objectAt(spec, 'template'), ['spec'], {
    ...pod,
    containers,
    ...(account === '' ? {} : { serviceAccount: account }),
  })
  return { status: {}, ...object, spec: { ...spec, template } }
}

const completeContainer = (container: Json): Json => {
  if (!isObject(container)) return container
  const ports = listAt(container, 'ports').map((port) =>
    isObject(port) ? withDefaults(port, { protocol: 'TCP' }) : port,
  )
  return withDefaults(
    { ...container, ...(ports.length === 0 ? {} : { ports }) },
    {
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
      imagePullPolicy: 'IfNotPresent',
    },
  )
}
