import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { watchBuiltins } from './shared-builtins.ts'

/** Defines a property, and gives what takes it back. */
const define = (object: object, key: PropertyKey, value: unknown): (() => void) => {
  const before = Reflect.getOwnPropertyDescriptor(object, key)
  Reflect.defineProperty(object, key, { value, configurable: true, writable: true })
  return () => {
    if (before === undefined) Reflect.deleteProperty(object, key)
    else Reflect.defineProperty(object, key, before)
  }
}

const nothing = (): void => {}
const cases: readonly (readonly [change: () => () => void, found: string | undefined])[] = [
  [() => nothing, undefined],
  [() => define(Array.prototype, 'last', nothing), 'Array.prototype.last'],
  [() => define(Object.prototype, 'timeoutMs', 5), 'Object.prototype.timeoutMs'],
  [() => define(Object.prototype, Symbol.toPrimitive, 5), 'Object.prototype.Symbol(Symbol.toPrimitive)'],
  [() => define(Headers.prototype, 'get', nothing), 'Headers.prototype.get'],
  [() => define(TextDecoder.prototype, 'decode', nothing), 'TextDecoder.prototype.decode'],
  [() => define(Reflect.getPrototypeOf(Uint8Array.prototype) ?? {}, 'slice', nothing), 'Uint8Array.prototype.slice'],
  [() => define(JSON, 'parse', nothing), 'JSON.parse'],
  [() => define(Date, 'now', nothing), 'Date.now'],
  [() => define(Promise, 'ofOurs', nothing), undefined],
  [() => define(Error, 'stackTraceLimit', 20), undefined],
  [() => define(globalThis, 'setTimeout', nothing), 'setTimeout'],
  [() => define(globalThis, 'Date', Map), 'Date'],
  [() => define(globalThis, 'crypto', {}), 'crypto'],
  [() => define(globalThis, 'crypto', globalThis.crypto), undefined],
  [() => define(globalThis, '__ofOurs', {}), undefined],
]

describe('what everybody in a process shares', () => {
  for (const [change, found] of cases) {
    it(`${change.toString().replace('() => ', '')}: ${found ?? 'nothing that matters'}`, () => {
      const find = watchBuiltins()
      const takeBack = change()
      const now = find()
      takeBack()
      assert.equal(now, found)
      assert.equal(find(), undefined)
    })
  }
})
