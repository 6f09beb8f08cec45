import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHolder } from './holder.ts'
import type { Lane } from './lane.ts'

/** Lanes that note in `sent` when they are used. */
const lanesOf = (count: number, sent: number[]): readonly Lane[] =>
  Array.from({ length: count }, (_, i) => ({ dueAt: 0, send: () => void sent.push(i) }))

test('lanes that shall only be open are held when the last one is, and nothing is sent', async () => {
  const sent: number[] = []
  const holder = createHolder(3, false)
  for (const lane of lanesOf(3, sent)) holder.onOpen(lane)
  await holder.held
  assert.deepEqual(sent, [])
})

test('with a request every lane sends once, a few at a time', async () => {
  const sent: number[] = []
  const lanes = lanesOf(40, sent)
  const holder = createHolder(40, true)
  for (const lane of lanes) holder.onOpen(lane)
  assert.equal(sent.length, 16)
  for (const lane of lanes) holder.onAnswer(lane, 200, 0)
  await holder.held
  assert.deepEqual(sent, [...lanes.keys()])
})

test('a lane that is lost before all are held is a failure, one that is lost later is counted', async () => {
  const early = createHolder(2, false)
  early.onLost('refused')
  await assert.rejects(early.held, /refused/)
  const late = createHolder(1, false)
  for (const lane of lanesOf(1, [])) late.onOpen(lane)
  await late.held
  late.onLost('reset')
  assert.deepEqual(late.lost(), { lost: 1, firstError: 'reset' })
})
