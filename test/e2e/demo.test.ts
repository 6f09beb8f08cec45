import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const mainFile = path.join(import.meta.dirname, '../../src/main.ts')

/** The demo as users run it, in an empty folder of its own. */
const runDemo = async (context: TestContext, args: readonly string[]): Promise<Outcome> => {
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'fairway-e2e-'))
  context.after(() => fs.rmSync(cwd, { recursive: true, force: true }))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', mainFile, 'demo', ...args], { cwd })
  context.after(() => child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  await once(child, 'close')
  return { code: child.exitCode, stdout, stderr }
}

test('every request of the demo is answered, a tenth of them by the canary', { timeout: 60_000 }, async (context) => {
  const { code, stdout, stderr } = await runDemo(context, ['--requests', '200', '--json'])
  assert.equal(code, 0, stderr)
  const report = JSON.parse(stdout)
  assert.deepEqual(Object.keys(report), ['requests', 'ok', 'errors', 'backends', 'latencyMs'])
  assert.deepEqual([report.requests, report.ok, report.errors], [200, 200, 0])
  assert.equal(report.backends['api-stable'] + report.backends['api-canary'], 200)
  assert.ok(report.backends['api-canary'] >= 18 && report.backends['api-canary'] <= 22, stdout)
  assert.ok(report.latencyMs.p50 > 0 && report.latencyMs.p50 <= report.latencyMs.p99, stdout)
})

test('two demos at once do not disturb each other, and without --json both speak in lines', async (context) => {
  await occupy(context, '127.0.0.2')
  const outcomes = await Promise.all([runDemo(context, ['-n', '100']), runDemo(context, ['-n', '100'])])
  for (const { code, stdout, stderr } of outcomes) {
    assert.equal(code, 0, stderr)
    assert.match(
      stdout,
      /^100 requests, 0 failed: api-stable \d+, api-canary \d+\n100 requests: 100 answered, 0 failed\n/,
    )
    assert.match(stderr, /^127\.0\.0\.2:15008 cannot be had, api-stable stands at 127\.\S+ instead\n/)
  }
})

/** Takes the HBONE port of an address; that somebody else has it already serves as well. */
const occupy = (context: TestContext, host: string): Promise<void> =>
  new Promise((resolve) => {
    const server = net.createServer()
    context.after(() => server.close())
    server.on('error', () => resolve())
    server.listen({ host, port: 15_008 }, resolve)
  })
