import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { AccessLogChoice } from '../../model/telemetry/access-log-policy.ts'
import type { TelemetryPolicy } from '../../model/telemetry/telemetry-policy.ts'
import type { FileLogProvider } from '../../model/telemetry/telemetry-provider.ts'
import { makeRecord } from '../../../test/support/exchange-records.ts'
import { testLogHost } from '../../../test/support/telemetry/log-host.ts'
import { turn } from '../../../test/support/turns.ts'
import { createAccessLogs } from './access-logs.ts'
import { openLineFile } from './line-file.ts'
import { createLineQueues } from './line-queues.ts'
import { createLineQueue } from './line-queue.ts'

const LINE = 'a line\n'

/** A place to write to that takes one batch at a time, when it is told to. */
const startSlow = (options: { readonly maxWaiting?: number } = {}) => {
  const batches: string[] = []
  let release = (): void => {}
  const log = createLineQueue({
    write: (lines) => {
      batches.push(lines)
      return new Promise<void>((resolve) => {
        release = resolve
      })
    },
    ...options,
  })
  return { log, batches, release: () => release() }
}

test('all lines of a turn go out in one write, and one write at a time', async () => {
  const { log, batches, release } = startSlow()
  for (let i = 0; i < 5; i++) log.push(LINE)
  assert.equal(batches.length, 0)
  await turn()
  assert.deepEqual(
    batches.map((batch) => batch.split('\n').length - 1),
    [5],
  )
  log.push(LINE)
  log.push(LINE)
  await turn()
  assert.equal(batches.length, 1)
  release()
  await turn()
  assert.deepEqual(
    batches.map((batch) => batch.split('\n').length - 1),
    [5, 2],
  )
  release()
  await log.flush()
})

test('a reader that stops costs lines, not memory, and whole lines only', async () => {
  const { log, batches, release } = startSlow({ maxWaiting: LINE.length * 3 })
  log.push(LINE)
  await turn()
  for (let i = 0; i < 10; i++) log.push(LINE)
  assert.equal(log.dropped(), 7)
  release()
  await turn()
  assert.equal(batches[1], LINE.repeat(3))
  log.push(LINE)
  assert.equal(log.dropped(), 7)
  release()
  await turn()
  release()
  await log.flush()
  assert.equal(batches.length, 3)
})

test('a write that fails is counted, and the log goes on', async () => {
  const written: string[] = []
  let fails = true
  const log = createLineQueue({
    write: async (lines) => {
      if (fails) throw new Error('EPIPE')
      written.push(lines)
    },
  })
  log.push(LINE)
  log.push(LINE)
  await log.flush()
  assert.equal(log.dropped(), 2)
  fails = false
  log.push(LINE)
  await log.flush()
  assert.equal(written.length, 1)
})

/** A folder that is gone after the test. */
const makeDir = async (t: TestContext): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'fairway-log-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

test('lines reach a file whole and in order', async (t) => {
  const path = join(await makeDir(t), 'access.log')
  const log = createLineQueue({ write: openLineFile(path) })
  for (let i = 0; i < 1000; i++) {
    log.push(`${i} ü\n`)
    if (i % 100 === 0) await turn()
  }
  await log.flush()
  assert.equal(await readFile(path, 'utf8'), Array.from({ length: 1000 }, (_, i) => `${i} ü\n`).join(''))
})

test('a file that was renamed is opened anew, and one that cannot be is tried again', async (t) => {
  const dir = await makeDir(t)
  const path = join(dir, 'logs', 'access.log')
  let nowMs = 0
  const log = createLineQueue({ write: openLineFile(path, () => nowMs) })
  const push = async (line: string): Promise<void> => {
    log.push(line)
    await log.flush()
  }
  await push('lost\n')
  assert.equal(log.dropped(), 1)
  await mkdir(join(dir, 'logs'))
  await push('one\n')
  await rename(path, `${path}.1`)
  nowMs = 500
  await push('two\n')
  nowMs = 1500
  await push('three\n')
  assert.equal(await readFile(`${path}.1`, 'utf8'), 'one\ntwo\n')
  assert.equal(await readFile(path, 'utf8'), 'three\n')
  assert.equal(log.dropped(), 1)
})

test('a pipe that nobody reads costs lines; what is written to it is whole lines, whoever else writes there', async (t) => {
  const path = join(await makeDir(t), 'pipe')
  execFileSync('mkfifo', [path])
  const log = createLineQueue({ write: openLineFile(path), maxWaiting: 300_000 })
  log.push('nobody\n')
  await log.flush()
  assert.equal(log.dropped(), 1)
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  t.after(() => closeSync(reader))
  const other = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  t.after(() => closeSync(other))
  // Far more than a pipe has room for (64 KiB), and than may wait.
  for (let i = 0; i < 400; i++) log.push(`${'a'.repeat(999)}\n`)
  assert.equal(log.dropped(), 101)
  const progress = { isDone: false }
  const done = log.flush().then(() => (progress.isDone = true))
  let read = ''
  const piece = Buffer.alloc(5000)
  const look = (): void => {
    try {
      writeSync(other, 'b\n')
      read += piece.toString('utf8', 0, readSync(reader, piece))
    } catch {
      // Full, or empty.
    }
  }
  while (!progress.isDone) {
    look()
    await turn()
  }
  await done
  // The other one's lines are among them, more on a slow machine.
  while (read.replaceAll('b\n', '').length < 300_000) look()
  const lines = read.split('\n').slice(0, -1)
  assert.equal(lines.filter((line) => line.length === 999).length, 300)
  assert.ok(lines.every((line) => line === 'b' || line.length === 999))
})

const written = () => {
  const lines = new Map<string, string[]>()
  const queues = createLineQueues((path) => {
    const those: string[] = []
    assert.ok(!lines.has(path), `${path} is open already`)
    lines.set(path, those)
    return { push: (line) => void those.push(line), dropped: () => 1, flush: () => Promise.resolve() }
  })
  return { queues: lines, queueOf: queues.of, dropped: queues.dropped }
}

const file = (name: string, path: string, text: string): FileLogProvider => ({
  ...{ kind: 'file-log', name, path },
  format: { kind: 'text', text },
})

const policy = (...logs: readonly AccessLogChoice[]): TelemetryPolicy => ({ key: 'p', accessLogs: { logs } })

test('each policy has its logs, with its filters, and none has none', () => {
  const { queues, queueOf, dropped } = written()
  const logs = createAccessLogs({
    ...{ queueOf, host: testLogHost, random: () => 0.5 },
    flagged: {
      path: '/dev/stdout',
      format: { kind: 'text', text: 'flag %RESPONSE_CODE%' },
      filter: 'response.code < 600',
    },
  })
  const a = file('a', '/var/log/a', 'a %RESPONSE_CODE%')
  logs.apply({ telemetry: { providers: [a, file('b', '/dev/stdout', 'b')], policies: [] } })
  const both = policy(
    { filter: 'response.code == 500' },
    { provider: 'a' },
    { provider: 'b', filter: 'response.code > 499' },
  )
  for (const status of [200, 500]) logs.record(makeRecord({ status, telemetry: both }))
  logs.record(makeRecord({ telemetry: policy() }))
  logs.record(makeRecord({ telemetry: { key: 'metrics only' } }))
  logs.record(makeRecord({ status: 700 }))
  logs.record(makeRecord({ telemetry: policy({ provider: 'gone' }) }))
  assert.deepEqual(Object.fromEntries(queues), {
    '/dev/stdout': ['flag 500\n', 'b\n', 'flag 200\n'],
    '/var/log/a': ['a 200\n', 'a 500\n'],
  })
  assert.equal(dropped(), 2)
  // The same policy of another model: what has changed is made anew, what is gone is there for what is under way.
  logs.apply({ telemetry: { providers: [file('a', '/var/log/a', 'new')], policies: [] } })
  logs.record(makeRecord({ status: 500, telemetry: both }))
  assert.deepEqual(queues.get('/var/log/a')?.at(-1), 'new\n')
  assert.deepEqual(queues.get('/dev/stdout')?.slice(-2), ['flag 500\n', 'b\n'])
  logs.apply({ telemetry: { providers: [], policies: [] } })
  logs.apply({})
  logs.record(makeRecord({ status: 500, telemetry: policy({ provider: 'a' }) }))
  assert.equal(queues.get('/var/log/a')?.length, 4)
})
