import * as s from '../../../lib/schema.ts'
import { backendObject, needsPort, type BackendObject } from '../http-route/backend-object.ts'
import type { AnyRule } from '../http-route/decode-route.ts'
import { asDefects, itemsOf, take, type Defect } from '../http-route/defect.ts'
import { ruleName } from '../http-route/rule.ts'

/** A rule of a TCPRoute or TLSRoute: nothing but where connections go. */
export interface ConnectionRouteRule extends AnyRule {
  /** None refuses every connection (TCPRouteRule.backendRefs). */
  readonly backendRefs: readonly ConnectionBackendRef[]
}

/** A BackendRef, defaults applied. */
export interface ConnectionBackendRef extends BackendObject {
  readonly weight: number
  /** `spec.rules[0].backendRefs[1]` */
  readonly path: string
}

const backendRef = s.refine(
  s.object({ ...backendObject, weight: s.withDefault(s.integer({ min: 0, max: 1_000_000 }), 1) }),
  needsPort,
)

/** Stands in for the rules of a route that has none, which the API server would not take. */
export const missingRule: ConnectionRouteRule = {
  backendRefs: [],
  defects: asDefects([{ message: 'is missing', path: 'spec.rules', found: 'no rule', expected: 'one rule' }]),
  path: 'spec.rules',
}

/** Reads one rule; it always gives one, since a rule that cannot be read has to be closed, not forgotten. */
export const decodeConnectionRule = (value: unknown, path: string): ConnectionRouteRule => {
  const defects: Defect[] = []
  if (!s.isPlainObject(value)) {
    take(s.object({}).decode(value, path), defects)
    return { backendRefs: [], defects, path }
  }
  defects.push(...asDefects(s.unknownFields(value, ['name', 'backendRefs'], path)))
  const name = value['name'] ?? undefined
  const ruleCalled = name === undefined ? undefined : take(ruleName.decode(name, `${path}.name`), defects)
  const backendRefs = itemsOf(value['backendRefs'], `${path}.backendRefs`, defects).flatMap((item, index) => {
    const at = `${path}.backendRefs[${index}]`
    const ref = take(backendRef.decode(item, at), defects)
    return ref === undefined ? [] : [{ ...ref, path: at }]
  })
  return { ...(ruleCalled === undefined ? {} : { name: ruleCalled }), backendRefs, defects, path }
}
