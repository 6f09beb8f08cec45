import assert from 'node:assert/strict'
import os from 'node:os'
import { type TestContext, test } from 'node:test'
import { systemClock, type Clock } from '../../lib/clock.ts'
import { decodeReady, startWaypointProcess, type WaypointProcess } from './waypoint-process.ts'

const ready = '{"event":"ready","hbone":"127.0.0.1:1","ready":"127.0.0.1:2","metrics":"[::1]:3","admin":"127.0.0.1:4"}'

interface Started {
  readonly process: Promise<WaypointProcess>
  readonly lines: readonly string[]
  /** Resolves with the first line of the log. */
  readonly firstLine: Promise<void>
}

/** A program of one line in place of fairway; it finds `run` and what follows in `process.argv`. */
const start = (context: TestContext, program: string, clock: Clock = systemClock): Started => {
  const lines: string[] = []
  const first = Promise.withResolvers<void>()
  const process = startWaypointProcess({
    args: ['--file', 'x'],
    cwd: os.tmpdir(),
    clock,
    onLine: (line) => {
      lines.push(line)
      first.resolve()
    },
    command: [globalThis.process.execPath, '-e', program, '--'],
  })
  context.after(async () => {
    await (await process.catch(() => undefined))?.stop()
  })
  return { process, lines, firstLine: first.promise }
}

const say = (text: string): string => `console.error(${JSON.stringify(text)});`
const stay = 'setInterval(() => {}, 1000);'

test('addresses come from the ready line, other lines are passed on, and SIGTERM ends it', async (context) => {
  const started = start(context, `console.error(process.argv.slice(1).join(' '));${say(ready)}${stay}`)
  const waypoint = await started.process
  assert.deepEqual(waypoint.hbone, { host: '127.0.0.1', port: 1 })
  assert.deepEqual(waypoint.metrics, { host: '::1', port: 3 })
  assert.deepEqual(waypoint.admin, { host: '127.0.0.1', port: 4 })
  assert.deepEqual(started.lines, ['run --file x'])
  await waypoint.stop()
  assert.equal(await waypoint.ended, 'ended by SIGTERM')
})

test('a waypoint that cannot start is an error with its exit code and its last words', async (context) => {
  const { process } = start(context, `${say('cannot listen on port 15008')}process.exitCode = 78`)
  await assert.rejects(process, {
    exitCode: 1,
    message: '"fairway run --file x" ended with exit code 78',
    next: 'its last words:\n    cannot listen on port 15008',
  })
})

test('one that is never ready is ended and reported', async (context) => {
  const timers: (() => void)[] = []
  const clock: Clock = {
    ...systemClock,
    after: (_, run) => {
      timers.push(run)
      return () => {}
    },
  }
  const { process, firstLine } = start(context, `${say('still reading')}${stay}`, clock)
  await firstLine
  timers[0]?.()
  await assert.rejects(process, { message: /was not ready after 20000 ms$/, next: /still reading/ })
})

test('one that does not end when asked is killed', async (context) => {
  const timers: (() => void)[] = []
  const clock: Clock = {
    ...systemClock,
    after: (_, run) => {
      timers.push(run)
      return () => {}
    },
  }
  const { process } = start(context, `process.on('SIGTERM', () => {});${say(ready)}${stay}`, clock)
  const waypoint = await process
  const stopped = waypoint.stop()
  timers.at(-1)?.()
  await stopped
  assert.equal(await waypoint.ended, 'ended by SIGKILL')
})

test('a program that is not there is an error, not a crash', async (context) => {
  const process = startWaypointProcess({
    args: [],
    cwd: os.tmpdir(),
    clock: systemClock,
    onLine: () => {},
    command: ['/nowhere/fairway'],
  })
  context.after(() => process.catch(() => undefined))
  await assert.rejects(process, { message: /could not be started: .*ENOENT/ })
})

const notReady = [
  '',
  'ready',
  '"ready"',
  '{"event":"ready"}',
  '{"event":"ready","hbone":"x"}',
  '{"event":"other","ready":1}',
  '{"ready"',
]
for (const line of notReady) {
  test(`no ready line: ${line}`, () => assert.equal(decodeReady(line), undefined))
}
