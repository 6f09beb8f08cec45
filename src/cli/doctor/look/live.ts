/** Short ways to what most checks look at in an object as the API server gives it. */
import { matchLabels } from '../../../config/translate/service/match-labels.ts'
import { labelSelector } from '../../../config/objects/kind.ts'
import { listAt, textAt, textsAt, valueAt, type LiveObject } from '../../../controller/manifest.ts'
import { isPlainObject } from '../../../lib/schema.ts'
import type { ObjectRef } from '../../../model/model.ts'

export const nameOf = (object: unknown): string => textAt(object, 'metadata', 'name')
export const namespaceOf = (object: unknown): string => textAt(object, 'metadata', 'namespace')
export const labelsOf = (object: unknown): Readonly<Record<string, string>> => textsIn(object, 'labels')
export const annotationsOf = (object: unknown): Readonly<Record<string, string>> => textsIn(object, 'annotations')

/** The map itself where it has texts only, as it always has in a cluster: there may be thousands of Pods, looked at often. */
const textsIn = (object: unknown, field: 'labels' | 'annotations'): Readonly<Record<string, string>> => {
  const value = valueAt(object, 'metadata', field)
  return isTexts(value) ? value : textsAt(object, 'metadata', field)
}

const isTexts = (value: unknown): value is Readonly<Record<string, string>> => {
  if (!isPlainObject(value)) return false
  for (const key in value) if (typeof value[key] !== 'string') return false
  return true
}

/** `NAMESPACE/NAME`, with an empty namespace for kinds of the cluster. */
export const keyOfLive = (object: unknown): string => `${namespaceOf(object)}/${nameOf(object)}`

/** What messages call it. */
export const refOf = (object: LiveObject): ObjectRef => ({
  kind: textAt(object, 'kind'),
  namespace: namespaceOf(object),
  name: nameOf(object),
})

/** The number at a path, else `fallback`. */
export const numberAt = (object: unknown, path: readonly string[], fallback: number): number => {
  const value = valueAt(object, ...path)
  return typeof value === 'number' ? value : fallback
}

/** A condition of an object, by its type. */
export const conditionAt = (object: unknown, type: string): Readonly<Record<string, unknown>> | undefined => {
  const found = listAt(object, 'status', 'conditions').find((one) => textAt(one, 'type') === type)
  // What has a type is an object.
  return found as Readonly<Record<string, unknown>> | undefined
}

/** Whether labels satisfy a `metav1.LabelSelector`; one that cannot be read selects nothing. */
export const isSelected = (selector: unknown, labels: Readonly<Record<string, string>>): boolean => {
  const wanted = valueAt(selector, 'matchLabels')
  // Most have nothing else, and need not be decoded for each of thousands of Pods.
  if (isTexts(wanted) && valueAt(selector, 'matchExpressions') === undefined) {
    for (const key in wanted) if (!Object.hasOwn(labels, key) || labels[key] !== wanted[key]) return false
    return true
  }
  const decoded = labelSelector.decode(selector ?? {}, '')
  return decoded.ok && matchLabels(decoded.value, labels)
}

/** Labels of a Namespace, with the one that the API server gives each (KEP-2161). */
export const namespaceLabels = (namespace: LiveObject | undefined, name: string): Readonly<Record<string, string>> => ({
  ...labelsOf(namespace),
  'kubernetes.io/metadata.name': name,
})

/** The containers of a Pod, or of a Pod's template: those that go on, which init containers may do as well. */
export const containersOf = (podSpec: unknown): readonly unknown[] => [
  ...listAt(podSpec, 'containers'),
  ...listAt(podSpec, 'initContainers').filter((one) => textAt(one, 'restartPolicy') === 'Always'),
]

/** What stands for a value that is kept elsewhere (`valueFrom`, `envFrom`). */
export const ELSEWHERE = '(kept elsewhere)'

/** The value of an environment variable in any container; `undefined`: it is not set. */
export const environmentOf = (podSpec: unknown, name: string): string | undefined => {
  for (const container of containersOf(podSpec)) {
    const found = listAt(container, 'env').find((one) => textAt(one, 'name') === name)
    if (found !== undefined) return isPlainObject(found) && 'valueFrom' in found ? ELSEWHERE : textAt(found, 'value')
  }
  return containersOf(podSpec).some((one) => listAt(one, 'envFrom').length > 0) ? ELSEWHERE : undefined
}
