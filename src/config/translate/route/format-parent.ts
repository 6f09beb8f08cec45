import type { ParentRef } from '../../objects/parent-ref.ts'

/** How conditions name a parent: `Service shop/api`, with `:80` or `#http` when the reference narrows it to a port. */
export const formatParent = (ref: ParentRef, routeNamespace: string): string => {
  const port = ref.port === undefined ? '' : `:${ref.port}`
  const section = ref.sectionName === undefined ? '' : `#${ref.sectionName}`
  return `${ref.kind} ${ref.namespace ?? routeNamespace}/${ref.name}${port}${section}`
}
