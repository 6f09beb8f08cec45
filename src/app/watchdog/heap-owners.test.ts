import assert from 'node:assert/strict'
import { it } from 'node:test'
import { heaviestOwner } from './heap-owners.ts'
import type { SampledNode } from './heap-owners.ts'

const node = (place: string, selfSize: number, ...children: readonly SampledNode[]): SampledNode => {
  const [url = '', line = '1'] = place.split(':')
  return { callFrame: { url, lineNumber: Number(line) - 1 }, selfSize, children }
}

const ownerOf = (file: string): { readonly owner: string; readonly file: string } | undefined => {
  const [, owner, name = ''] = /^\/filters\/(\w+)\/(.*)$/.exec(file) ?? []
  return owner === undefined ? undefined : { owner, file: name }
}

it('what libraries allocate counts for the filter that called them', () => {
  const head = node(
    '',
    0,
    node('/fairway/exchange.ts', 100, node('/filters/a/a.ts:3', 10, node('/lib/x.js:9', 500), node('', 40))),
    node('/filters/b/b.ts:7', 300, node('/filters/a/a.ts:5', 20)),
  )
  assert.deepEqual(heaviestOwner(head, ownerOf), { owner: 'a', bytes: 570, allBytes: 970, location: 'a.ts:3' })
})

it('without a filter on any stack it is nobody', () => {
  assert.equal(heaviestOwner(node('', 5, node('/fairway/exchange.ts', 100)), ownerOf), undefined)
})
