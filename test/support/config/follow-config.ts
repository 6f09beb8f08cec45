import { startConfig, type ConfigHandle } from '../../../src/config/start-config.ts'
import type { ConfigUpdate } from '../../../src/config/update.ts'

/** A Gateway that all of namespace shop uses, and its Service api. */
export const shopObjects = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: waypoint, namespace: shop }
spec: { gatewayClassName: fairway, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] }
---
{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { istio.io/use-waypoint: waypoint } } }
---
{ apiVersion: v1, kind: Service, metadata: { name: api, namespace: shop }, spec: { clusterIP: 10.96.0.1, ports: [{ port: 80 }] } }
`

/** A configuration that is followed on its thread. */
export interface FollowedConfig {
  readonly config: ConfigHandle
  /** The update that comes after those that were asked for; rejects where a failure comes in its place. */
  readonly next: () => Promise<ConfigUpdate>
  readonly failures: readonly string[]
}

/** Follows the objects of a folder, and the filters of another one. */
export const followConfig = (objectsDir: string, filtersDir?: string): FollowedConfig => {
  const updates: ConfigUpdate[] = []
  const failures: string[] = []
  let wake = (): void => {}
  const config = startConfig({
    place: { kind: 'files', paths: [objectsDir] },
    filtersDir,
    translate: {
      clusterDomain: 'cluster.local',
      trustDomain: 'cluster.local',
      rootNamespace: 'istio-system',
      pathNormalization: 'BASE',
    },
    onUpdate: (update) => {
      updates.push(update)
      wake()
    },
    onFailure: (message) => {
      failures.push(message)
      wake()
    },
  })
  const next = async (): Promise<ConfigUpdate> => {
    for (;;) {
      const update = updates.shift()
      if (update !== undefined) return update
      if (failures.length > 0) throw new Error(failures.join('; '))
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { config, next, failures }
}
