import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../manifest.ts'
import { mergePatch } from './merge-patch.ts'

const cases: readonly {
  readonly what: string
  readonly base: JsonObject
  readonly patch: JsonObject
  readonly merged: JsonObject
}[] = [
  {
    what: 'maps are merged',
    base: { a: { b: 1, c: 2 } },
    patch: { a: { c: 3, d: 4 } },
    merged: { a: { b: 1, c: 3, d: 4 } },
  },
  { what: 'null takes away', base: { a: { b: 1 }, c: 2 }, patch: { a: null }, merged: { c: 2 } },
  { what: 'null in what is new is nothing', base: {}, patch: { a: { b: null, c: 1 } }, merged: { a: { c: 1 } } },
  {
    what: 'a list without a key is replaced',
    base: { args: ['a', 'b'] },
    patch: { args: ['c'] },
    merged: { args: ['c'] },
  },
  {
    what: 'a list by a name that every object has is one without a key',
    base: { a: { constructor: [{ b: 1 }] } },
    patch: { a: { constructor: [{ b: 2 }] } },
    merged: { a: { constructor: [{ b: 2 }] } },
  },
  {
    what: 'containers are merged by name',
    base: { containers: [{ name: 'a', image: 'x', env: [{ name: 'E', value: '1' }] }] },
    patch: { containers: [{ name: 'a', env: [{ name: 'F', value: '2' }] }, { name: 'b' }] },
    merged: {
      containers: [
        {
          name: 'a',
          image: 'x',
          env: [
            { name: 'E', value: '1' },
            { name: 'F', value: '2' },
          ],
        },
        { name: 'b' },
      ],
    },
  },
  {
    what: 'ports of a container by containerPort, of a Service by port',
    base: { a: { ports: [{ containerPort: 1, name: 'x' }] }, b: { ports: [{ port: 1, name: 'x' }] } },
    patch: { a: { ports: [{ containerPort: 1, name: 'y' }] }, b: { ports: [{ port: 2, name: 'y' }] } },
    merged: {
      a: { ports: [{ containerPort: 1, name: 'y' }] },
      b: {
        ports: [
          { port: 1, name: 'x' },
          { port: 2, name: 'y' },
        ],
      },
    },
  },
  {
    what: '$patch: delete takes an item away',
    base: { volumes: [{ name: 'a' }, { name: 'b' }] },
    patch: {
      volumes: [
        { name: 'a', $patch: 'delete' },
        { name: 'c', $patch: 'delete' },
      ],
    },
    merged: { volumes: [{ name: 'b' }] },
  },
  {
    what: '$patch: replace replaces a list',
    base: { volumes: [{ name: 'a' }] },
    patch: { volumes: [{ $patch: 'replace' }, { name: 'b' }] },
    merged: { volumes: [{ name: 'b' }] },
  },
  {
    what: '$patch: replace replaces a map',
    base: { resources: { limits: { cpu: '1' } } },
    patch: { resources: { $patch: 'replace', requests: { cpu: '2' } } },
    merged: { resources: { requests: { cpu: '2' } } },
  },
  { what: 'a text where a map was wins', base: { a: { b: 1 } }, patch: { a: 'c' }, merged: { a: 'c' } },
  { what: 'a map where a text was wins', base: { a: 'c' }, patch: { a: { b: 1 } }, merged: { a: { b: 1 } } },
]

describe('a strategic merge', () => {
  for (const { what, base, patch, merged } of cases) {
    it(what, () => {
      const before = structuredClone(base)
      assert.deepEqual(mergePatch(base, patch), merged)
      assert.deepEqual(base, before)
    })
  }
})
