import type { LabelSelector } from '../../objects/kind.ts'
import type { Catalog } from '../catalog.ts'

/** Whether labels satisfy all of a selector (metav1.LabelSelector); an empty selector takes everything. */
export const matchLabels = (selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean => {
  const get = (key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined)
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => get(key) === value) &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      const value = get(key)
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value)
        case 'NotIn':
          return value === undefined || !values.includes(value)
        case 'Exists':
          return value !== undefined
        case 'DoesNotExist':
          return value === undefined
      }
    })
  )
}

/** Whether a plain selector, as of a Service, takes who has these labels; one that asks for nothing takes nobody. */
export const takes = (
  selector: Readonly<Record<string, string>> = {},
  labels: Readonly<Record<string, string>>,
): boolean => {
  const wanted = Object.entries(selector)
  return wanted.length > 0 && wanted.every(([label, value]) => Object.hasOwn(labels, label) && labels[label] === value)
}

/** The labels of a Namespace; it always carries its own name as one (KEP-2161), whether a file spells it out or not. */
export const namespaceLabels = (
  { namespaces }: Pick<Catalog, 'namespaces'>,
  namespace: string,
): Readonly<Record<string, string>> => ({
  'kubernetes.io/metadata.name': namespace,
  ...namespaces.get(namespace)?.object.metadata.labels,
})
