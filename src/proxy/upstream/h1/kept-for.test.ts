import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../../../test/support/fake-clock.ts'
import { Mesh } from '../../../../test/support/mesh/mesh.ts'
import { HeaderList } from '../../../http/header-list.ts'
import { keptForMs } from './kept-for.ts'

let mesh: Mesh | undefined
afterEach(async () => {
  await mesh?.close()
  mesh = undefined
})

for (const [value, ms] of [
  ['timeout=5', 3000],
  ['timeout=5, max=100', 3000],
  ['max=100,timeout=75', 73_000],
  ['max=100, Timeout = "20"', 18_000],
  ['timeout=1', 0],
  ['timeout=0', 0],
  ['max=100', Number.POSITIVE_INFINITY],
  ['timeout=-1', Number.POSITIVE_INFINITY],
  ['timeout=soon', Number.POSITIVE_INFINITY],
  ['timeout=9999999', Number.POSITIVE_INFINITY],
  ['idletimeout=5', Number.POSITIVE_INFINITY],
] as const) {
  test(`keep-alive: ${value} keeps an idle session for ${ms} ms`, () => {
    assert.equal(keptForMs(new HeaderList(['keep-alive', value])), ms)
  })
}

for (const [field, waitMs, isKept] of [
  ['keep-alive: timeout=5\r\n', 1000, true],
  ['keep-alive: timeout=5\r\n', 4900, false],
  ['', 4900, true],
] as const) {
  test(`after ${waitMs} ms a session is ${isKept ? 'kept' : 'closed'} of an endpoint that says ${JSON.stringify(field)}`, async () => {
    const clock = createFakeClock()
    const answer = `HTTP/1.1 200 OK\r\n${field}content-length: 0\r\n\r\n`
    mesh = await Mesh.start({ clock, pods: [{ onRequest: (tunnel) => void tunnel.write(answer) }] })
    const tunnel = await mesh.tunnel()
    const { head } = await tunnel.get()
    assert.equal(head.headers.getLower('keep-alive'), undefined)
    // What is idle is looked at each second, from here on.
    await advanceInSteps(clock, 300)
    for (let round = 0; round < 3; round++) await tunnel.get()
    await advanceInSteps(clock, waitMs)
    assert.equal(mesh.pod.tunnels[0]?.end, isKept ? 'open' : 'end')
    await tunnel.get()
    assert.equal(mesh.pod.tunnels.length, isKept ? 1 : 2)
  })
}
