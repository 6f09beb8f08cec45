import assert from 'node:assert/strict'
import { CANCEL } from '../../../src/http/h2/constants.ts'
import { openTunnel, type Answer, type ClientTunnel } from '../mesh/client-tunnel.ts'
import { until, VIP, type Mesh } from '../mesh/mesh.ts'
import type { SeededRandom } from '../random.ts'
import { createSoon } from '../turns.ts'

/** What clients of a stress test send, and what they make of the answers. */
export interface StressClient {
  readonly random: SeededRandom
  /** How long the bodies are that they send. */
  readonly sizes: readonly number[]
  readonly check: (answer: Answer) => void
}

/**
 * Has `count` clients send, read slowly and go away as chance has it, on three connections. Comes back when the waypoint has
 * ended all of their tunnels.
 */
export const runStressClients = async (mesh: Mesh, count: number, client: StressClient): Promise<void> => {
  const connections = [await mesh.dial(), await mesh.dial(), await mesh.dial()]
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const connection = connections[index % connections.length]
      assert.ok(connection)
      await useTunnel(await openTunnel(connection, VIP), client)
    }),
  )
  for (const connection of connections) connection.retire()
  await until(() => mesh.counters.openTunnels === 0, 'every tunnel to end')
}

const useTunnel = async (tunnel: ClientTunnel, { random, sizes, check }: StressClient): Promise<void> => {
  const { below, pick } = random
  const soon = createSoon(random)
  const state = { isGone: false }
  const ended = tunnel.ended.then((): undefined => {
    state.isGone = true
    return undefined
  })
  while (!state.isGone && below(8) > 0) {
    tunnel.isReading = below(3) > 0
    const bytes = pick(sizes)
    tunnel.write(`POST /x HTTP/1.1\r\nhost: api\r\ncontent-length: ${bytes}\r\n\r\n`, 'POST')
    await Promise.race([tunnel.upload(bytes), ended])
    if (below(8) === 0) return tunnel.channel.reset(CANCEL)
    await soon()
    if (!tunnel.isReading) tunnel.readOn()
    const answer = await Promise.race([tunnel.answer(), ended])
    if (answer === undefined) break
    check(answer)
  }
  // Else the waypoint, which has ended its direction, would wait for ours for seconds.
  tunnel.channel.end()
}
