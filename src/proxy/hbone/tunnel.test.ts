import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect } from '../../../test/support/http/h2-echo.ts'
import { createH2Pair } from '../../../test/support/http/h2-pair.ts'
import { recordConnection, recordStream } from '../../../test/support/http/h2-recorder.ts'
import { CANCEL } from '../../http/h2/constants.ts'
import type { H2Stream } from '../../http/h2/stream.ts'
import { ignoreChannel } from '../channel.ts'
import { Counters } from '../counters.ts'
import { ByteBudget } from '../limits/byte-budget.ts'
import { TunnelChannel } from './tunnel.ts'

const KIB = 1024
const WINDOW = 256 * KIB

/** A client that has very much to send, and the tunnel at the server, whose owner takes what it is told to. */
const setUp = (limitBytes: number) => {
  const counters = new Counters()
  const budget = new ByteBudget(limitBytes, counters)
  const ended: boolean[] = []
  const tunnels: TunnelChannel[] = []
  const server = recordConnection((stream: H2Stream) => {
    const tunnel = new TunnelChannel(pair.server, budget)
    tunnel.attach(stream)
    tunnel.handler = { ...ignoreChannel, onClosed: (isClean) => void ended.push(isClean) }
    tunnels.push(tunnel)
    return tunnel
  })
  const pair = createH2Pair({ client: recordConnection().handler, server: server.handler })
  const open = (): { readonly stream: H2Stream; readonly tunnel: TunnelChannel } => {
    const stream = pair.client.open(connect, recordStream().handler, false)
    pair.client.data(stream, Buffer.alloc(4 * 1024 * KIB), 0, 4 * 1024 * KIB)
    pair.settle()
    const tunnel = tunnels.at(-1)
    assert.ok(tunnel)
    return { stream, tunnel }
  }
  pair.settle()
  return { counters, budget, pair, ended, open }
}

describe('what a tunnel has received and nobody has taken', () => {
  it('counts until it is consumed, discarded or gone', () => {
    const { counters, pair, open } = setUp(100 * WINDOW)
    const { stream, tunnel } = open()
    assert.equal(counters.heldBytes, WINDOW)
    tunnel.consume(1000)
    tunnel.discard(1000)
    assert.equal(counters.heldBytes, WINDOW - 2000)
    const other = open()
    other.tunnel.reset(CANCEL)
    assert.equal(counters.heldBytes, WINDOW - 2000)
    pair.client.reset(stream, CANCEL)
    pair.settle()
    assert.equal(counters.heldBytes, 0)
    tunnel.consume(WINDOW)
    assert.equal(counters.heldBytes, 0)
  })

  it('is let come in small portions above the limit, without an end', () => {
    const { counters, budget, pair, open } = setUp(WINDOW / 2)
    const { stream, tunnel } = open()
    assert.equal(budget.isOver, true)
    // Somebody else holds as much as may be held.
    budget.take(WINDOW)
    let most = 0
    for (let i = 0; i < 500; i++) {
      tunnel.consume(4 * KIB)
      pair.settle()
      if (i > 100) most = Math.max(most, tunnel.heldBytes)
    }
    assert.ok(most <= 48 * KIB, `${most} bytes held`)
    assert.ok(4 * 1024 * KIB - stream.queuedBytes > 1900 * KIB, 'it went on')
    budget.give(WINDOW)
    assert.equal(budget.isOver, false)
    pair.settle()
    assert.ok(tunnel.heldBytes > 200 * KIB, 'the whole window is open again')
    assert.equal(counters.heldBytes, tunnel.heldBytes)
  })

  it('is of no concern to the budget once it has all come and is taken, however much others hold', () => {
    const { budget, pair, open } = setUp(WINDOW / 2)
    const first = open()
    budget.take(WINDOW)
    first.tunnel.consume(4 * KIB)
    assert.ok(first.tunnel.holderPlace >= 0)
    pair.client.end(first.stream)
    while (first.tunnel.heldBytes > 0) {
      first.tunnel.consume(first.tunnel.heldBytes)
      pair.settle()
    }
    assert.equal(budget.isOver, true)
    assert.equal(first.tunnel.holderPlace, -1)
  })

  it('ends it, visibly on both sides, when it is most of far too much', async () => {
    const { counters, ended, pair, open } = setUp(WINDOW / 4)
    const { stream } = open()
    await new Promise((resolve) => setImmediate(resolve))
    pair.settle()
    assert.deepEqual(ended, [false])
    assert.equal(stream.isReset, true)
    assert.deepEqual([counters.heldBytes, counters.holdersShed], [0, 1])
  })
})
