import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { skipWithout } from '../support/peer-process.ts'
import { startConformanceServer } from './h2spec-server.ts'

const h2spec = process.env['H2SPEC'] ?? 'h2spec'
const skip =
  skipWithout(h2spec) === false ? false : 'h2spec is neither in PATH nor named by H2SPEC: see docs/interop.md'

/** Its whole report, also when tests failed. */
const report = (args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    execFile(h2spec, args, { maxBuffer: 1 << 24, timeout: 120_000 }, (_error, stdout) => resolve(stdout))
  })

describe('our HTTP/2 server against h2spec', { skip }, () => {
  for (const kind of ['tcp', 'tls'] as const) {
    it(`passes every test over ${kind}, the strict ones included`, async () => {
      using server = await startConformanceServer(kind)
      const tls = kind === 'tls' ? ['--tls', '--insecure'] : []
      const text = await report(['generic', 'http2', 'hpack', '--strict', '--port', String(server.port), ...tls])
      const [, total = 0, passed = 0] = (/(\d+) tests, (\d+) passed/.exec(text) ?? []).map(Number)
      assert.ok(total >= 146, `only ${total} tests ran:\n${text}`)
      assert.equal(passed, total, text)
    })
  }
})
