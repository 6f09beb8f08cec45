import assert from 'node:assert/strict'
import type { ConnectionOptions, H2Connection } from '../../../../src/http/h2/connection.ts'
import * as h2 from '../../../../src/http/h2/constants.ts'
import type { OwnSettings } from '../../../../src/http/h2/settings.ts'
import { clientPreface } from '../../../support/http/h2-frames.ts'
import type { SeededRandom } from '../../../support/random.ts'
import { randomCuts } from '../../mutate/bytes.ts'
import type { FuzzTarget } from '../../engine/target.ts'
import { type LooseFrame, mutateH2, splitFrames } from '../../mutate/h2.ts'
import { type Owner, createOwner } from '../../support/h2-owner.ts'
import { H2Peer } from '../../support/h2-peer.ts'
import { h2Seeds } from '../../support/h2-seeds.ts'

/** From here on neither window can be overrun by one input, nor is any of it given back before its end. */
const AMPLE_BYTES = 65_535
const WINDOWS = [1, 50, 50, 1000, AMPLE_BYTES, 262_144]
/** Output beyond this makes bodies wait, and then it matters when it is taken. */
const OUTPUT_LIMIT_BYTES = 200_000

/**
 * The bytes of one connection, as a server if they begin like a client's, else as a client. Whatever comes: nothing is
 * thrown; what is written keeps to the other side's books and is no more than an answer to what came; each stream is
 * told of its end once; a failure is the last word; and cuts into reads change nothing.
 */
export const h2Target: FuzzTarget = {
  name: 'h2',
  format: 'hex',
  formatLines: formatFrames,
  maxInputBytes: 8192,
  shortRounds: 1000,
  seeds: h2Seeds,
  mutate: mutateH2,
  check,
}

const FRAME_NAMES =
  'DATA HEADERS PRIORITY RST_STREAM SETTINGS PUSH_PROMISE PING GOAWAY WINDOW_UPDATE CONTINUATION'.split(' ')

/** What the owner does beside its streams' habits, after so many bytes of input. */
interface Act {
  readonly at: number
  readonly kind: 'block' | 'unblock' | 'shutdown' | 'announce' | 'forgive' | 'ping'
}

const ACTS: readonly Act['kind'][] = ['block', 'unblock', 'shutdown', 'announce', 'forgive', 'ping']

interface Plan {
  readonly options: ConnectionOptions
  readonly settings: OwnSettings
  readonly seed: number
  readonly acts: readonly Act[]
  /** Frames after which a read is broken off and goes on; 0 for none. */
  readonly pauseAfter: number
}

function check(input: Buffer, random: SeededRandom): string {
  const { preface, frames, rest } = splitFrames(input)
  const starts = frameStarts(preface, frames)
  const plan = createPlan(input, random, starts)
  const whole = runByFrame(plan, input, [...frames, ...partialFrame(rest)])
  checkEnd(whole, plan)
  const isAmple = plan.settings.streamWindowBytes >= AMPLE_BYTES && whole.sentBytes() < OUTPUT_LIMIT_BYTES
  const cut = runByCuts(plan, input, randomCuts(random, input.length))
  if (isAmple && !isTimingBound(whole) && !isTimingBound(cut)) assertSame(cut, whole)
  return `${plan.options.role} ${formatOutcome(whole.log)}`
}

/**
 * Whether it mattered how bytes came: to an owner that acts on a piece of a body, and to the flood guard, which allows
 * more to a peer that got more DATA frames, and how many those are depends on when the output is taken.
 */
function isTimingBound(owner: Owner): boolean {
  return owner.isCutSensitive() || owner.log.at(-1) === `failure ${h2.ENHANCE_YOUR_CALM}`
}

function createPlan(input: Buffer, random: SeededRandom, starts: readonly number[]): Plan {
  const settings: OwnSettings = {
    streamWindowBytes: random.pick(WINDOWS),
    connectionWindowBytes: AMPLE_BYTES + random.pick(WINDOWS),
    maxConcurrentStreams: random.pick([1, 3, 100]),
    maxHeaderListBytes: random.pick([100, 65_536]),
    hasConnectProtocol: random.chance(0.5),
  }
  const acts = Array.from({ length: random.below(4) }, () => ({ at: random.pick(starts), kind: random.pick(ACTS) }))
  const nuisance = random.chance(0.2) ? { nuisanceLimit: random.below(8) } : {}
  return {
    options: { role: input[0] === clientPreface[0] ? 'server' : 'client', settings, ...nuisance },
    settings,
    seed: random.below(2 ** 31),
    acts: acts.toSorted((a, b) => a.at - b.at),
    pauseAfter: random.pick([0, 0, 1, 2, 7]),
  }
}

/** Where frames begin, and where the last one ends. */
function frameStarts(preface: Buffer, frames: readonly LooseFrame[]): readonly number[] {
  const starts = [preface.length]
  for (const { payload } of frames) starts.push((starts.at(-1) ?? 0) + 9 + payload.length)
  return starts
}

/** A body is charged as soon as its frame's header is there. */
function partialFrame(rest: Buffer): readonly LooseFrame[] {
  if (rest.length < 9) return []
  const length = rest.readUIntBE(0, 3)
  if (rest[3] !== h2.FRAME_DATA || length > h2.DEFAULT_FRAME_BYTES) return []
  return [{ type: h2.FRAME_DATA, flags: 0, streamId: rest.readUInt32BE(5), length, payload: Buffer.alloc(length) }]
}

/** Frame by frame, each one's answer held against the books of the other side. */
function runByFrame(plan: Plan, input: Buffer, frames: readonly LooseFrame[]): Owner {
  const { role } = plan.options
  const owner = createOwner(plan.options, plan.seed)
  const peer = new H2Peer(role, plan.settings)
  const { connection } = owner
  let actsDone = 0
  const settle = (at: number): void => {
    peer.receive(withoutPreface(connection.take(), role))
    if (role === 'server') assert.ok(connection.openStreams <= plan.settings.maxConcurrentStreams, 'too many streams')
    for (; (plan.acts[actsDone]?.at ?? Infinity) <= at; actsDone += 1) act(owner, plan.acts[actsDone]?.kind)
    peer.receive(withoutPreface(connection.take(), role))
  }
  let at = splitFrames(input).preface.length
  connection.feed(input.subarray(0, at))
  settle(at)
  for (const frame of frames) {
    const end = Math.min(input.length, at + 9 + frame.payload.length)
    const streamId = frame.streamId & 0x7fff_ffff
    const [before, allowance] = [bodyBytes(owner, streamId), peer.allowance(streamId)]
    peer.grant(frame)
    connection.feed(input.subarray(at, end))
    const after = bodyBytes(owner, streamId)
    assert.ok(after === before || after <= allowance, `${after} bytes taken on stream ${streamId}, not ${allowance}`)
    settle(end)
    at = end
  }
  connection.feed(input.subarray(at))
  settle(input.length)
  connection.setBlocked(false)
  while (connection.outputBytes > 0) settle(input.length)
  const { reactionBytes } = peer
  assert.ok(reactionBytes <= 4 * input.length + 600, `${reactionBytes} bytes in answer to ${input.length}`)
  return owner
}

/** Bytes of body that an owner got on a stream. */
function bodyBytes(owner: Owner, streamId: number): number {
  return owner.streams.get(streamId)?.pieces.reduce((sum, piece) => sum + piece.length, 0) ?? 0
}

function runByCuts(plan: Plan, input: Buffer, cuts: readonly number[]): Owner {
  const owner = createOwner(plan.options, plan.seed)
  const { connection } = owner
  const stops = [...new Set([...cuts, ...plan.acts.map((item) => item.at), input.length])].toSorted((a, b) => a - b)
  let at = 0
  for (const stop of stops) {
    // A read's memory is used again: whatever the codec keeps must be its own, or said to be kept.
    feedInTurns(connection, Buffer.from(input.subarray(at, stop)), plan.pauseAfter)
    for (const item of plan.acts) if (item.at === stop) act(owner, item.kind)
    at = stop
  }
  connection.setBlocked(false)
  while (connection.outputBytes > 0) connection.take()
  checkEnd(owner, plan)
  return owner
}

function feedInTurns(connection: H2Connection, read: Buffer, pauseAfter: number): void {
  for (let at = 0; at < read.length;) {
    if (pauseAfter > 0) connection.pauseAfter(pauseAfter)
    const taken = connection.feed(read.subarray(at))
    assert.ok(taken > 0 && taken <= read.length - at, `${taken} bytes taken of ${read.length - at}`)
    assert.ok(pauseAfter > 0 || taken === read.length - at, 'a pause that nobody asked for')
    at += taken
  }
}

function act({ connection }: Owner, kind: Act['kind'] | undefined): void {
  switch (kind) {
    case 'block':
      return connection.setBlocked(true)
    case 'unblock':
      return connection.setBlocked(false)
    case 'shutdown':
      return connection.shutdown()
    case 'announce':
      return connection.announceShutdown()
    case 'forgive':
      return connection.forgive()
    case 'ping':
      return connection.ping()
    case undefined:
  }
}

function withoutPreface(output: Buffer, role: 'server' | 'client'): Buffer {
  const isFirst = role === 'client' && output.subarray(0, clientPreface.length).equals(clientPreface)
  return isFirst ? output.subarray(clientPreface.length) : output
}

/** A frame in a line, with what it is. */
function formatFrames(input: Buffer): readonly string[] {
  const { preface, frames, rest } = splitFrames(input)
  const lines = frames.map(({ type, flags, streamId, payload }, i) => {
    const start = frameStarts(preface, frames)[i] ?? 0
    const hex = input.toString('hex', start, start + 9 + payload.length)
    const head = `${hex.slice(0, 18)}${payload.length > 0 ? ' ' : ''}${hex.slice(18)}`
    return `${head} # ${FRAME_NAMES[type] ?? `type ${type}`} ${streamId}, flags ${flags}`
  })
  return [preface, rest]
    .map((part) => part.toString('hex'))
    .flatMap((hex, i) => (i === 0 ? [hex, ...lines] : [hex]))
    .filter((line) => line !== '')
}

/** The end of everything: nothing stays open, and every owner has been told so. */
function checkEnd({ connection, log, streams }: Owner, { options }: Plan): void {
  const failures = log.filter((event) => event.startsWith('failure')).length
  assert.ok(failures <= 1)
  if (failures === 1) {
    assert.equal(connection.openStreams, 0)
    const before = log.length
    connection.feed(Buffer.concat([clientPreface, Buffer.alloc(64)]))
    connection.abort(h2.INTERNAL_ERROR)
    assert.equal(log.length, before, 'something is told after the failure')
  } else connection.abort(h2.INTERNAL_ERROR)
  assert.equal(connection.openStreams, 0)
  assert.equal(connection.freeStreams, 0)
  assert.equal(log.filter((event) => event === 'closed').length, streams.size, `${options.role}: streams closed`)
  for (const { stream, endings, isResetByOwner, announcedBytes, pieces } of streams.values()) {
    const told = endings.join()
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (endings[0] === 'end') assert.equal(announcedBytes ?? bytes, bytes, 'a body that its length does not fit')
    // Its end, then perhaps a reset of what was left of it. Who has reset a stream hears nothing more.
    assert.match(
      told,
      isResetByOwner ? /^(end)?$/ : /^(end|reset|end,reset)$/,
      `stream ${stream.id} was told "${told}"`,
    )
    assert.ok(stream.isClosed && stream.queuedBytes === 0, `stream ${stream.id} is not over`)
  }
}

function assertSame(cut: Owner, whole: Owner): void {
  assert.deepEqual(cut.log, whole.log)
  for (const [id, { pieces, endings, isResetByOwner }] of whole.streams) {
    const [a, b] = [Buffer.concat(cut.streams.get(id)?.pieces ?? []), Buffer.concat(pieces)]
    // What a reset stream had of its last frame depends on how that came.
    const isCutShort = isResetByOwner || endings.includes('reset')
    const size = Math.min(a.length, b.length)
    assert.ok(isCutShort || a.length === b.length, `stream ${id}: ${a.length} bytes, whole ${b.length}`)
    assert.ok(a.subarray(0, size).equals(b.subarray(0, size)), `stream ${id} has another body`)
  }
}

/** The last events; of a connection that failed fewer, so that most inputs that are kept lead somewhere. */
function formatOutcome(log: readonly string[]): string {
  const isFailed = log.at(-1)?.startsWith('failure') === true
  return log
    .slice(isFailed ? -2 : -12)
    .map((event) => event.replace(/^\d+ /, '').slice(0, 20))
    .join()
}
