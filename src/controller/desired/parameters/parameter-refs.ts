import { textAt, textsAt, valueAt, type LiveObject } from '../../manifest.ts'
import type { ParameterSource } from '../desired.ts'

/** Marks a ConfigMap of the controller's namespace as defaults for a class: Istio's label. */
export const DEFAULTS_FOR_CLASS = 'gateway.istio.io/defaults-for-class'

/** A ConfigMap that is referred to: `NAMESPACE/NAME`. */
export type ConfigMapKey = string

/** What parameters there are for a Gateway, or why they cannot be found. */
export type FoundParameters =
  | { readonly ok: true; readonly sources: readonly ParameterSource[] }
  | { readonly ok: false; readonly message: string }

/** The ConfigMap that `parametersRef` names, or what is wrong with the reference; `undefined`: there is none. */
export const parametersKeyOf = (
  object: LiveObject,
): { readonly key: ConfigMapKey; readonly path: string } | { readonly fault: string } | undefined => {
  const isGateway = textAt(object, 'kind') === 'Gateway'
  const path = isGateway ? 'spec.infrastructure.parametersRef' : 'spec.parametersRef'
  const ref = valueAt(object, ...path.split('.'))
  if (ref === undefined || ref === null) return undefined
  const [group, kind, name] = [textAt(ref, 'group'), textAt(ref, 'kind'), textAt(ref, 'name')]
  if (group !== '' || kind !== 'ConfigMap') {
    const found = group === '' ? kind : `${group}/${kind}`
    return { fault: `${path}: parameters of kind ${found} are not supported, expected a ConfigMap (group "")` }
  }
  const namespace = isGateway ? textAt(object, 'metadata', 'namespace') : textAt(ref, 'namespace')
  if (namespace === '') return { fault: `${path}.namespace: is missing: a GatewayClass has none to look in` }
  return { key: `${namespace}/${name}`, path }
}

/** Finds the parameters of a class or Gateway among ConfigMaps, which come by key. */
export const findParameters = (
  object: LiveObject,
  configMaps: ReadonlyMap<ConfigMapKey, LiveObject>,
): FoundParameters => {
  const found = parametersKeyOf(object)
  if (found === undefined) return { ok: true, sources: [] }
  if ('fault' in found) return { ok: false, message: found.fault }
  const { key, path } = found
  const configMap = configMaps.get(key)
  if (configMap === undefined) return { ok: false, message: `${path}: there is no ConfigMap ${key}` }
  return { ok: true, sources: [sourceOf(configMap)] }
}

/** The ConfigMaps with defaults for a class, by name. */
export const findDefaults = (className: string, configMaps: Iterable<LiveObject>): readonly ParameterSource[] =>
  [...configMaps]
    .filter((configMap) => textsAt(configMap, 'metadata', 'labels')[DEFAULTS_FOR_CLASS] === className)
    .toSorted((a, b) => (textAt(a, 'metadata', 'name') < textAt(b, 'metadata', 'name') ? -1 : 1))
    .map(sourceOf)

const sourceOf = (configMap: LiveObject): ParameterSource => ({
  source: `ConfigMap ${textAt(configMap, 'metadata', 'namespace')}/${textAt(configMap, 'metadata', 'name')}`,
  data: textsAt(configMap, 'data'),
})
