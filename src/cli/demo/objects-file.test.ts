import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { moveAddresses } from './objects-file.ts'

const example = fs.readFileSync(new URL('../../../examples/01-canary/objects.yaml', import.meta.url), 'utf8')

test('with every pod in its place the file stays as it is', () => {
  assert.equal(moveAddresses(example, [{ from: '127.0.0.2', to: '127.0.0.2' }]), example)
})

test('an address is replaced wherever it stands alone, and nothing else is', () => {
  const yaml = 'a: 127.0.0.2\nb: 127.0.0.22\nc: 1127.0.0.2\nd: x127.0.0.2\ne: 127.0.0.2:80\nf: "127.0.0.2"\n'
  const moved = 'a: 127.9.9.9\nb: 127.0.0.22\nc: 1127.0.0.2\nd: x127.0.0.2\ne: 127.0.0.2:80\nf: "127.9.9.9"\n'
  assert.equal(moveAddresses(yaml, [{ from: '127.0.0.2', to: '127.9.9.9' }]), moved)
})

test('two addresses can change places', () => {
  const moves = [
    { from: '127.0.0.2', to: '127.0.0.3' },
    { from: '127.0.0.3', to: '127.0.0.2' },
  ]
  assert.equal(moveAddresses('- 127.0.0.2\n- 127.0.0.3\n', moves), '- 127.0.0.3\n- 127.0.0.2\n')
})

test('a slice whose address becomes IPv6 changes its type, the others keep theirs', () => {
  const moved = moveAddresses(example, [{ from: '127.0.0.3', to: '::1' }])
  assert.ok(!moved.includes('127.0.0.3'))
  const slices = moved.split(/^---$/m).filter((document) => document.includes('kind: EndpointSlice'))
  assert.deepEqual(
    slices.map((slice) => [slice.includes('"::1"'), /^addressType: (\S+)$/m.exec(slice)?.[1]]),
    [
      [false, 'IPv4'],
      [true, 'IPv6'],
      [false, 'IPv4'],
      [true, 'IPv6'],
    ],
  )
})
