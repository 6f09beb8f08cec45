/** How Kubernetes' own kinds are merged, as far as it is not by plain objects and lists of one value. */
import { atomic, keyed, set, struct, type Shape } from '../apply/shape.ts'

const meta = struct({ finalizers: set, ownerReferences: keyed(['uid'], atomic) })
const conditions = keyed(['type'])
const status = struct({ conditions })

/** An object with `metadata` and `status` of the usual shape. */
export const kindShape = (fields: Readonly<Record<string, Shape>> = {}): Shape =>
  struct({ metadata: meta, status, ...fields })

const envSources = struct({
  valueFrom: struct({
    fieldRef: atomic,
    resourceFieldRef: atomic,
    configMapKeyRef: atomic,
    secretKeyRef: atomic,
  }),
})
const container = struct({
  ports: keyed(['containerPort', 'protocol=TCP']),
  env: keyed(['name'], envSources),
  volumeMounts: keyed(['mountPath']),
  volumeDevices: keyed(['devicePath']),
})
const podSpec = struct({
  containers: keyed(['name'], container),
  initContainers: keyed(['name'], container),
  ephemeralContainers: keyed(['name'], container),
  volumes: keyed(['name']),
  imagePullSecrets: keyed(['name=']),
  hostAliases: keyed(['ip']),
  nodeSelector: atomic,
  topologySpreadConstraints: keyed(['topologyKey', 'whenUnsatisfiable'], struct({ labelSelector: atomic })),
})

export const podShape = kindShape({ spec: podSpec })
export const deploymentShape = kindShape({
  spec: struct({ selector: atomic, template: struct({ metadata: meta, spec: podSpec }) }),
})
export const serviceShape = kindShape({
  spec: struct({ ports: keyed(['port', 'protocol=TCP']), selector: atomic }),
  status: struct({ conditions }),
})
export const serviceAccountShape = kindShape({ secrets: keyed(['name']) })
export const disruptionBudgetShape = kindShape({ spec: struct({ selector: atomic }) })
export const namespaceShape = kindShape({ spec: struct({ finalizers: atomic }) })
export const roleBindingShape = kindShape({ roleRef: atomic })
