import type { KubeClient, KubeJson } from '../../kube/client.ts'
import { startReflector, type Reflector } from '../../kube/reflector.ts'
import { canBeName, kubeResources } from '../../kube/resources.ts'
import type { Clock } from '../../lib/clock.ts'
import { DEFAULTS_FOR_CLASS, type ConfigMapKey } from '../desired/parameters/parameter-refs.ts'
import type { LiveObject } from '../manifest.ts'

/** Follows ConfigMaps by their names: those that something refers to, and no other. */
export interface ConfigMapWatch {
  /** Says which are referred to from now on. */
  readonly want: (keys: ReadonlySet<ConfigMapKey>) => void
  /** Those that are there. */
  readonly found: () => ReadonlyMap<ConfigMapKey, LiveObject>
  /** Whether it is known if there is such a ConfigMap. */
  readonly isKnown: (key: ConfigMapKey) => boolean
  /** Whether defaults of classes are known. */
  readonly hasDefaults: () => boolean
  readonly close: () => void
}

export interface ConfigMapWatchOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch'>
  readonly clock: Clock
  /** Where ConfigMaps with defaults of classes stand. */
  readonly systemNamespace: string
  readonly onChange: () => void
}

/** Starts to follow. */
export const startConfigMapWatch = (options: ConfigMapWatchOptions): ConfigMapWatch => {
  const { client, clock, systemNamespace, onChange } = options
  const follow = (selection: { readonly namespace: string; readonly fields?: string; readonly labels?: string }) =>
    startReflector<LiveObject>({ client, clock, resource: kubeResources.ConfigMap, selection, decode: strip, onChange })
  const defaults = follow({ namespace: systemNamespace, labels: DEFAULTS_FOR_CLASS })
  const named = new Map<ConfigMapKey, Reflector<LiveObject>>()
  return {
    want: (keys) => {
      for (const [key, reflector] of named) {
        if (keys.has(key)) continue
        reflector.close()
        named.delete(key)
      }
      for (const key of keys) {
        const { namespace, name } = placeOf(key)
        if (canBeName(name) && !named.has(key)) named.set(key, follow({ namespace, fields: `metadata.name=${name}` }))
      }
    },
    found: () => {
      const all = [defaults, ...named.values()].flatMap((reflector) => [...reflector.items()])
      return new Map(all.map((one) => [keyOf(one), one]))
    },
    isKnown: (key) => !canBeName(placeOf(key).name) || named.get(key)?.state().phase === 'synced',
    hasDefaults: () => defaults.state().phase === 'synced',
    close: () => {
      defaults.close()
      for (const reflector of named.values()) reflector.close()
    },
  }
}

const placeOf = (key: ConfigMapKey): { readonly namespace: string; readonly name: string } => {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

const strip = ({ metadata, ...rest }: KubeJson): LiveObject => {
  const { managedFields: _who, ...kept } = metadata
  return { ...rest, apiVersion: 'v1', kind: 'ConfigMap', metadata: kept }
}

const keyOf = ({ metadata }: LiveObject): ConfigMapKey => {
  // `strip` has left it as the client gave it.
  const { namespace = '', name } = metadata as KubeJson['metadata']
  return `${namespace}/${name}`
}
