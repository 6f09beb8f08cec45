import assert from 'node:assert/strict'
import { readObject } from '../../src/config/objects/read-object.ts'
import type { HttpRouteObject } from '../../src/config/objects/http-route/http-route.ts'
import type { HttpRouteRule } from '../../src/config/objects/http-route/rule.ts'

/** An HTTPRoute with this `spec`; the test fails when it cannot be read at all. */
export const readHttpRoute = (spec: unknown): HttpRouteObject => {
  const object = readObject({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'r' },
    spec,
  })
  assert.ok(object.state === 'typed' && object.object.kind === 'HTTPRoute', JSON.stringify(object))
  return object.object
}

/** The only rule of an HTTPRoute. */
export const readRule = (written: unknown): HttpRouteRule => {
  const [first] = readHttpRoute({ rules: [written] }).rules
  assert.ok(first !== undefined)
  return first
}

/** Its defects: `PATH: FOUND / EXPECTED`. */
export const defectsOf = (written: unknown): readonly string[] =>
  readRule(written).defects.map(
    ({ path, found, expected }) => `${path?.replace('spec.rules[0].', '')}: ${found} / ${expected}`,
  )
