import type { ListChange } from '../../../lib/lists/find-change.ts'
import type { KubeObject } from '../../objects/kinds.ts'
import type { ParentRef } from '../../objects/parent-ref.ts'
import type { ReadBrief } from '../../objects/read-object.ts'
import type { AnyRoute } from '../catalog.ts'
import type { SourcedObject } from '../options.ts'

/** Everything that a change of routes can make a difference to. */
export interface Neighbourhood {
  /** `NAMESPACE/NAME` of all Services that these routes name as parents, whether they are there or not. */
  readonly services: ReadonlySet<string>
  /** All routes that name one of them, and those that changed, in the set of before. */
  readonly before: readonly SourcedObject[]
  /** The same in the set of now. */
  readonly after: readonly SourcedObject[]
}

/**
 * Finds the routes that share Services with those that changed, directly or by way of others: who gets a port, and which
 * rules are hidden, is a matter among them. `undefined` when anything else than routes changed, and when they are so many,
 * or found only by way of so many others, that nothing is gained by keeping the rest.
 */
export const findNeighbours = (
  { gone, come }: ListChange<SourcedObject>,
  objects: readonly SourcedObject[],
): Neighbourhood | undefined => {
  if (!gone.every(isOfRoute) || !come.every(isOfRoute)) return undefined
  const parents = new Parents()
  for (const { read } of [...gone, ...come]) {
    const route = routeOf(read)
    if (route !== undefined) parents.add(route)
  }
  const changed = new Set(come)
  const found = new Set<SourcedObject>()
  for (let known = -1, looks = 0; known < parents.services.size; looks++) {
    if (looks === mostLooks || parents.hasEntries) return undefined
    known = parents.services.size
    for (const object of objects) {
      if (object.brief !== undefined && !parents.mayBeOf(object.brief)) continue
      const route = routeOf(object.read)
      if (route === undefined || !parents.hasOneOf(route) || changed.has(object)) continue
      found.add(object)
      parents.add(route)
      if (found.size > mostNeighbours) return undefined
    }
  }
  if (parents.hasEntries) return undefined
  return { services: parents.services, before: [...found, ...gone], after: [...found, ...come] }
}

/** Each look at all objects finds the routes that share a Service with those that were found before it. */
const mostLooks = 5
const mostNeighbours = 1000

const kinds: ReadonlySet<string> = new Set<AnyRoute['kind']>(['GRPCRoute', 'HTTPRoute', 'TCPRoute', 'TLSRoute'])

/** Whether it is a route, or would be one if it could be read. */
const isOfRoute = ({ read }: SourcedObject): boolean => read.ref !== undefined && kinds.has(read.ref.kind)

const routeOf = (read: SourcedObject['read']): AnyRoute | undefined =>
  read.state === 'typed' && isRoute(read.object) ? read.object : undefined

const isRoute = (object: KubeObject): object is AnyRoute => kinds.has(object.kind)

/** Services that are named as parents. Most questions are answered by a name alone, without making a key. */
class Parents {
  readonly services = new Set<string>()
  readonly #names = new Set<string>()
  /** ServiceEntries are among them, which come to several Services each. */
  hasEntries = false

  add({ parentRefs, metadata }: AnyRoute): void {
    for (const ref of parentRefs) {
      if (ref.kind === 'ServiceEntry') this.hasEntries = true
      if (ref.kind !== 'Service') continue
      this.#names.add(ref.name)
      this.services.add(keyOf(ref, metadata.namespace))
    }
  }

  /** Whether it is worth reading. */
  mayBeOf(route: ReadBrief): boolean {
    if (!kinds.has(route.kind)) return false
    for (const name of this.#names) if (route.mentions(name)) return true
    return false
  }

  hasOneOf({ parentRefs, metadata }: AnyRoute): boolean {
    for (let i = 0; i < parentRefs.length; i++) {
      const ref = parentRefs[i]
      if (ref === undefined || !this.#names.has(ref.name) || ref.kind !== 'Service') continue
      if (this.services.has(keyOf(ref, metadata.namespace))) return true
    }
    return false
  }
}

const keyOf = (ref: ParentRef, namespace: string): string => `${ref.namespace ?? namespace}/${ref.name}`
