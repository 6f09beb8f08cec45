/** Objects and paths for tests against an API server. */
import type { KubeServer } from '../../support/kube/kube-server.ts'
import { listAt, textAt, type JsonObject } from '../../support/kube/stand-in/json.ts'

/** A namespace of its own for one test. */
export const createNamespace = async ({ ask }: Pick<KubeServer, 'ask'>, name: string): Promise<string> => {
  await ask.good('POST', '/api/v1/namespaces', { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } })
  return name
}

/** Where ConfigMaps of a namespace are. */
export const configMaps = (namespace: string, name = ''): string =>
  `/api/v1/namespaces/${namespace}/configmaps${name === '' ? '' : `/${name}`}`

export const configMap = (name: string, data: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})

export const gateways = (namespace: string, name = ''): string =>
  `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/gateways${name === '' ? '' : `/${name}`}`

export const gateway = (name: string, className = 'fairway-waypoint'): JsonObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name },
  spec: { gatewayClassName: className, listeners: [{ name: 'mesh', port: 15_008, protocol: 'HBONE' }] },
})

/** A condition as the API server takes it. */
export const condition = (type: string, reason: string, message = ''): JsonObject => ({
  type,
  status: 'True',
  reason,
  message,
  lastTransitionTime: '2026-01-01T00:00:00Z',
})

export const nameOf = (object: JsonObject | undefined): string => textAt(object, 'metadata', 'name')
export const versionOf = (object: JsonObject | undefined): string => textAt(object, 'metadata', 'resourceVersion')
export const namesOf = (list: JsonObject): readonly string[] =>
  listAt(list, 'items').map((item) => textAt(item, 'metadata', 'name'))
