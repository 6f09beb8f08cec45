import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { createTerminal, type RecordedTerminal } from '../../../test/support/terminal.ts'
import { runProgram } from '../program.ts'
import { verbs } from '../verbs.ts'

const env = Object.fromEntries(Object.entries(process.env).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])))

/** Waits until the text has what is looked for. */
const until = async (text: () => string, pattern: RegExp): Promise<RegExpExecArray> => {
  for (let i = 0; i < 300; i++) {
    const found = pattern.exec(text())
    if (found !== null) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${pattern} is not in ${JSON.stringify(text())}`)
}

describe('fairway filter dev', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'fairway-dev-test-'))
    await runProgram({ version: '0', verbs }, ['filter', 'new', 'stamp'], createTerminal({ cwd: folder }))
  })
  after(() => rm(folder, { recursive: true }))

  interface Started {
    readonly terminal: RecordedTerminal
    readonly ended: Promise<number>
  }
  let latest: Started | undefined
  // Also where a test has failed: the waypoint would keep this process alive for ever.
  afterEach(async () => {
    latest?.terminal.signal('SIGINT')
    await latest?.ended
  })

  const start = (...args: readonly string[]): Started => {
    const terminal = createTerminal({ cwd: folder, env })
    latest = {
      terminal,
      ended: runProgram({ version: '0', verbs }, ['filter', 'dev', ...args, '--port', '0'], terminal),
    }
    return latest
  }

  it('shows what comes of a request, tells of versions as they take over, and stops in a debugger', async () => {
    const { terminal, ended } = start('stamp', '-r', '/hello', '--inspect', '0')
    const shown = terminal.stdout
    await until(() => `${shown()}${terminal.stderr()}`, /GET \/hello 200 \d+ ms\n {2}request {3}\+ x-version: 1\n/)
    const file = path.join(folder, 'stamp/stamp.ts')
    const code = await readFile(file, 'utf8')

    await writeFile(file, code.replace('(header, value)', "(header, value + '-b')"))
    await until(shown, /x-version: 1-b\n/)

    await writeFile(file, code.replace('(header, value)', '(header, )+'))
    await until(terminal.stderr, /warn: Filter default\/stamp: stamp\.ts:\d+: .*; version \w+ of stamp\.ts goes on/)

    await writeFile(
      path.join(folder, 'stamp/filter.yaml'),
      (await readFile(path.join(folder, 'stamp/filter.yaml'), 'utf8')).replace("'1'", "'2'"),
    )
    await writeFile(file, code)
    await until(shown, /x-version: 2\n/)

    const [, url = ''] = await until(terminal.stderr, /Debugger listening on (ws:\S+)/)
    const [, server = ''] = await until(terminal.stderr, /(http:\/\/\S+)\/ passes the filter/)
    const line = code.split('\n').findIndex((text) => text.includes('headers.set'))
    assert.deepEqual(await breakAt(url, { file, line, request: `${server}/paused` }), { file, line })
    await until(shown, /GET \/paused 200/)

    terminal.signal('SIGINT')
    assert.equal(await ended, 0)
  })

  it('lets a token go along, and ends when what was asked for is answered', async () => {
    const example = path.join(import.meta.dirname, '../../../examples/filters/tenant-by-claim')
    const { terminal, ended } = start(example, '-r', '/a', '--claims', '{"org":{"tenant":"acme"}}', '--once')
    assert.equal(await ended, 0, terminal.stderr())
    assert.match(terminal.stdout(), /^GET \/a 200 \d+ ms\n {2}request {3}\+ x-tenant: acme\n/)
  })

  it('says what cannot be meant', async () => {
    for (const [args, pattern] of [
      [['stamp', '--once'], /--once needs a --request/],
      [['stamp', '-r', 'hello'], /--request "hello" is no request/],
      [['nowhere'], /nowhere is not there/],
      [['stamp', '--backend', 'x:y'], /--backend/],
      [['stamp', '--service', 'auth=127.0.0.1:1'], /--service "auth=127.0.0.1:1" is no Service/],
      [['stamp', '--claims', '[]'], /--claims "\[\]" is no JSON object/],
      [['stamp', '--backend', 'backend.example:80'], /has no IP address/],
    ] as const) {
      const { terminal, ended } = start(...args)
      assert.ok([64, 65].includes(await ended))
      assert.match(terminal.stderr(), pattern)
    }
  })
})

interface Stop {
  readonly file: string
  /** From 0. */
  readonly line: number
}

/** Sets a breakpoint as an editor does, sends a request, and tells where it stopped; then lets it go on. */
const breakAt = async (url: string, { file, line, request }: Stop & { readonly request: string }): Promise<Stop> => {
  const socket = new WebSocket(url)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  const scripts = new Map<string, string>()
  const paused = Promise.withResolvers<Stop>()
  let id = 0
  const pending = new Map<number, () => void>()
  const ask = (method: string, params: object = {}): Promise<void> =>
    new Promise((resolve) => {
      pending.set(++id, resolve)
      socket.send(JSON.stringify({ id, method, params }))
    })
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data))
    pending.get(message.id)?.()
    if (message.method === 'Debugger.scriptParsed') scripts.set(message.params.scriptId, message.params.url)
    if (message.method !== 'Debugger.paused') return
    const { scriptId, lineNumber } = message.params.callFrames[0].location
    paused.resolve({ file: (scripts.get(scriptId) ?? '').replace('file://', ''), line: lineNumber })
  })
  await ask('Debugger.enable')
  await ask('Debugger.setBreakpointByUrl', {
    lineNumber: line,
    urlRegex: `${path.basename(file).replace('.', '\\.')}$`,
  })
  const answered = fetch(request)
  const stop = await paused.promise
  await ask('Debugger.resume')
  await (await answered).arrayBuffer()
  socket.close()
  return stop
}
