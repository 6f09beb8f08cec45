import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatKubeFailure } from './failure.ts'

const format = (message: string): string =>
  formatKubeFailure({ asked: 'it', status: 403, reason: 'Forbidden', message })

const others = [
  'services "w" is forbidden: exceeded quota: compute, requested: count/services=1, used: count/services=5',
  'pods "w" is forbidden: unable to create new content in namespace shop because it is being terminated',
  'admission webhook "no.example" denied the request: not on a Friday',
]
const ofRoles = [
  'services is forbidden: User "x" cannot list resource "services" in API group "" in the namespace "shop"',
  'user "x" (groups=["y"]) is attempting to grant RBAC permissions not currently held',
]

describe('what is forbidden', () => {
  for (const message of others) {
    it(`for no role is told without one: ${message}`, () =>
      assert.equal(format(message), `it: 403 Forbidden: ${message}`))
  }
  for (const message of ofRoles) {
    it(`for a role says so: ${message}`, () =>
      assert.ok(format(message).endsWith(' (the account’s role lacks this right)')))
  }
})
