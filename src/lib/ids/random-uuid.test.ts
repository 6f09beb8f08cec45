import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUuidSource } from './random-uuid.ts'

test('each of many is a UUID of version 4, and none comes twice', () => {
  const next = createUuidSource()
  const all = Array.from({ length: 1000 }, next)
  for (const uuid of all) assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(new Set(all).size, 1000)
})

test('every random bit is used where it has its place', () => {
  assert.equal(createUuidSource((bytes) => bytes.fill(0xff))(), 'ffffffff-ffff-4fff-bfff-ffffffffffff')
  assert.equal(createUuidSource((bytes) => bytes.fill(0))(), '00000000-0000-4000-8000-000000000000')
  const counting = createUuidSource((bytes) => bytes.forEach((_, i) => bytes.writeUInt8(i % 256, i)))
  assert.equal(counting(), '00010203-0405-4607-8809-0a0b0c0d0e0f')
  assert.equal(counting(), '10111213-1415-4617-9819-1a1b1c1d1e1f')
})
