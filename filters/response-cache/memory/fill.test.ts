import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Fill, Room } from './fill.ts'
import type { Entry } from './store.ts'

const fillOf = (room: Room, announced?: number): Fill =>
  new Fill({ maxBytes: 100, announced, room }, (body) => ({ body }) as Entry)
const bytes = Buffer.alloc(8, 'x')

it('bodies on their way share what room there is, and give it back however they end', () => {
  const room = new Room(20)
  const [one, other, third] = [fillOf(room), fillOf(room), fillOf(room)]
  assert.deepEqual([one.add(bytes), other.add(bytes), third.add(bytes)], [true, true, false])
  assert.equal(third.finish(), undefined)
  assert.equal(one.finish()?.body.length, 8)
  other.drop()
  other.drop()
  assert.equal(other.finish(), undefined)
  const wrong = fillOf(room, 7)
  wrong.add(bytes)
  assert.equal(wrong.finish(), undefined)
  assert.ok(room.take(20) && !room.take(1))
})

it('what is longer than may be kept is not kept, whatever follows', () => {
  const fill = fillOf(new Room(1000))
  for (let i = 0; i < 12; i++) assert.ok(fill.add(bytes))
  assert.ok(!fill.add(bytes) && !fill.add(Buffer.alloc(0)) && fill.isDropped)
  assert.equal(fill.finish(), undefined)
})

it('what is kept has memory of its own', () => {
  const fill = fillOf(new Room(1000))
  const shared = Buffer.from('hello')
  fill.add(shared)
  shared.fill('x')
  const body = fill.finish()?.body
  assert.deepEqual([String(body), body?.buffer.byteLength], ['hello', 5])
})
