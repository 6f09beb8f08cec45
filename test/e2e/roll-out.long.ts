/**
 * `npm run test:long`: a Deployment is rolled out twenty times under 2,000 requests per second of every kind. Clients go
 * where they are told to; what lasts longer than there is time to drain is ended, and its clients hear why.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { peerPortsOf } from '../soak/stage/connections-of.ts'
import { hbonePortOf, openStage } from '../soak/stage/stage.ts'
import type { Stage } from '../soak/stage/stage.ts'
import { callWitness } from './support/roll-outs/witness.ts'
import type { Ending, Testimony } from './support/roll-outs/witness.ts'
import type { RunningFairway } from './support/fairway-process.ts'

const ROLL_OUTS = Number(process.env['FAIRWAY_ROLL_OUTS'] ?? 20)
const RATE = Number(process.env['FAIRWAY_ROLL_OUT_RATE'] ?? 2000)
const DRAIN_SECONDS = 6
/** Before the deadline: by then only what lasts is left. */
const BEFORE_MS = 1500
/** What may be cut, since it lasts. */
const LASTING = ['websocket', 'tcp']

/** Ends the old one when the new one is ready, as a Deployment does. */
const rollOut = async (stage: Stage, old: RunningFairway) => {
  const next = await stage.startWaypoint()
  const witness = callWitness(hbonePortOf(old), stage.clientTls)
  await witness.ready
  const processes = [old.pid, ...old.workers()]
  stage.clients.move(hbonePortOf(next))
  old.kill('SIGTERM')
  const startedMs = performance.now()
  await delay(DRAIN_SECONDS * 1000 - BEFORE_MS)
  const left = processes.flatMap((pid) => peerPortsOf(pid, hbonePortOf(old)))
  const { inFlight } = await stage.clients.doom(left)
  const testimony = await witness.testimony
  const ending = await old.ended
  return { next, testimony, ending, left: left.length, inFlight, tookMs: performance.now() - startedMs, log: old.log() }
}

const judgeEnding = ({ isAtBoundary, endsWithGoaway, goaways }: Ending, round: string): void => {
  assert.ok(isAtBoundary, `${round}: cut in the middle of a frame`)
  assert.ok(endsWithGoaway, `${round}: something came behind the last GOAWAY`)
  const last = goaways.at(-1)
  assert.equal(last?.code, 0)
  assert.match(last?.reason ?? '', /^the waypoint ends, and the 6000 ms to drain are over$/, round)
}

const judge = ({ outer, inner, bodyBytes, tunnels, isClean }: Testimony, round: string): void => {
  judgeEnding(outer, `${round}, HBONE`)
  judgeEnding(inner, `${round}, HTTP/2 in a tunnel`)
  assert.ok(outer.goaways.length >= 3, `${round}: announced, final, and the reason`)
  assert.ok(bodyBytes > 100_000, `${round}: ${bodyBytes} bytes of a long answer`)
  assert.deepEqual(
    tunnels.map((tunnel) => tunnel.split(':', 1).join()).toSorted((a, b) => a.localeCompare(b)),
    ['download', 'websocket'],
    `${round}: ${tunnels.join()}`,
  )
  assert.ok(isClean, `${round}: TLS was broken off`)
}

for (const workers of [2]) {
  it(`${ROLL_OUTS} roll-outs at ${RATE} requests per second (${workers} workers)`, { timeout: 900_000 }, async (t) => {
    const flags = ['--drain-seconds', String(DRAIN_SECONDS)]
    await using stage = await openStage({ durationMs: 900_000, ratePerSecond: RATE, workers, flags })
    stage.clients.go(() => {})
    let current = stage.fairway
    let slowestMs = 0
    for (let n = 1; n <= ROLL_OUTS; n++) {
      const { next, testimony, ending, left, tookMs, log } = await rollOut(stage, current)
      assert.deepEqual(ending, { code: 0, signal: null }, `roll-out ${n}: ${current.stderr()}`)
      judge(testimony, `roll-out ${n}`)
      const warnings = log
        .filter(({ level }) => level === 'warn' || level === 'error')
        .map(({ message }) => String(message))
      assert.ok(
        warnings.every((message) => /tunnels on \d+ connections are given up/.test(message)),
        `roll-out ${n}: ${warnings.join('\n')}`,
      )
      slowestMs = Math.max(slowestMs, tookMs)
      t.diagnostic(
        `roll-out ${n}: ${left} connections lasted, ${testimony.outer.frames} frames, ${Math.round(tookMs)} ms`,
      )
      current = next
    }
    const { workloads, failures, moves, p99Ms, maxMs } = await stage.clients.stop(20_000)
    const sum = (key: 'sent' | 'answered' | 'failed' | 'cut'): number =>
      workloads.reduce((all, one) => all + one[key], 0)
    t.diagnostic(
      `${sum('sent')} sent, ${sum('answered')} answered, ${sum('failed')} failed, ${sum('cut')} messages of what lasted cut, ${moves} moves; p99 ${p99Ms.toFixed(0)}, longest ${maxMs.toFixed(0)} ms; slowest end ${Math.round(slowestMs)} ms`,
    )
    assert.deepEqual(failures, [])
    assert.deepEqual(
      workloads.filter(({ name, cut }) => cut > 0 && !LASTING.includes(name)),
      [],
    )
    assert.ok(sum('answered') > RATE * ROLL_OUTS, `only ${sum('answered')} answers`)
  })
}
