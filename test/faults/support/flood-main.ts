/** Connections that do harm by what they do not do; a process of its own, so that it can be in another network namespace. */
import { connect, type Socket } from 'node:net'
import type { FloodPlan, FromFlood } from './flood-plan.ts'

// Only `startFlood` writes it.
const plan = JSON.parse(process.argv[2] ?? '') as FloodPlan
const sockets = new Set<Socket>()
let [opened, closed] = [0, 0]
/** The head of a TLS record with a ClientHello of 512 bytes, of which the rest never comes in time. */
const HELLO = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]
const TICK_MS = 20

const open = (index: number): void => {
  const { host, port, from, kind } = plan
  const socket = connect({ host, port, localAddress: from[index % from.length] ?? '' })
  sockets.add(socket)
  socket.on('error', () => {})
  socket.once('close', () => {
    sockets.delete(socket)
    closed++
  })
  socket.once('connect', () => {
    opened++
    if (kind === 'reset') socket.resetAndDestroy()
    else if (kind === 'drip') drip(socket)
  })
}

/** One byte each second. */
const drip = (socket: Socket): void => {
  let sent = 0
  const timer = setInterval(() => {
    socket.write(Buffer.from([HELLO[sent++] ?? 0]))
  }, 1000)
  socket.once('close', () => clearInterval(timer))
}

const started = performance.now()
let count = 0
setInterval(() => {
  const due = Math.min(plan.count, ((performance.now() - started) / 1000) * plan.perSecond)
  for (; count < due; count++) open(count)
}, TICK_MS)
process.on('disconnect', () => process.exit(0))
process.on('message', () => {
  process.send?.({ opened, closed, open: sockets.size } satisfies FromFlood)
})
