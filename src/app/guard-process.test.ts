import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { revealingFlags } from './guard-process.ts'

const guard = fileURLToPath(new URL('./guard-process.ts', import.meta.url))
/** Writes what is said, and no errors as long as it is off. */
const log = `let level = 'off'
const log = {
  warn: (message) => console.log('warn', message),
  error: (message, fields) => level !== 'off' && console.log('error', message, JSON.stringify(fields)),
  level: () => level,
  setLevel: (next) => { level = next },
}`

/** Runs a script behind the guard. */
const run = (script: string, flags: readonly string[] = []) =>
  spawnSync(
    process.execPath,
    [
      ...['--disable-sigusr1', '--expose-gc', ...flags, '--input-type=module', '-e'],
      `import { guardProcess } from ${JSON.stringify(guard)}; ${log}; guardProcess(log); ${script}`,
    ],
    { encoding: 'utf8', timeout: 20_000 },
  )

describe('a guarded process', () => {
  it('has no collector that a filter could call', () => {
    assert.equal(run('console.log(typeof gc, typeof globalThis.gc)').stdout, 'undefined undefined\n')
  })

  it('can still collect what it left behind', () => {
    const collector = fileURLToPath(new URL('../lib/memory/collector.ts', import.meta.url))
    const script = `console.log(typeof (await import(${JSON.stringify(collector)})).collector)`
    assert.equal(run(script).stdout, 'function\n')
  })

  it('lives on after SIGUSR1, and opens no inspector', () => {
    const script =
      'process.kill(process.pid, "SIGUSR1"); setTimeout(async () => console.log((await import("node:inspector")).url()), 100)'
    const { status, stdout, stderr } = run(script)
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'undefined\n', stderr: '' })
  })

  for (const signal of ['SIGHUP', 'SIGUSR2']) {
    it(`lives on after ${signal}, for which other proxies reload`, () => {
      const script = `process.kill(process.pid, "${signal}"); setTimeout(() => console.log('alive'), 100)`
      const { status, stdout } = run(script)
      assert.equal(status, 0)
      const told = signal === 'SIGHUP' ? 'warn SIGHUP changes nothing: .* watched; SIGTERM drains\\n' : ''
      assert.match(stdout, new RegExp(`^${told}alive\\n$`))
    })
  }

  it('leaves no memory in core dumps', { skip: process.platform !== 'linux' }, () => {
    const script = 'console.log(process.getBuiltinModule("fs").readFileSync("/proc/self/coredump_filter", "utf8"))'
    assert.equal(Number.parseInt(run(script).stdout, 16), 0)
  })

  const bugs = [
    ['uncaughtException', 'setImmediate(() => { throw new TypeError("boom") })'],
    ['unhandledRejection', 'void Promise.reject(new TypeError("boom"))'],
  ] as const
  for (const [origin, script] of bugs) {
    it(`an ${origin} is one line with its stack, and the end`, () => {
      const { status, stdout, stderr } = run(`setInterval(() => {}, 1000); ${script}`)
      assert.deepEqual({ status, stderr }, { status: 1, stderr: '' })
      assert.match(
        stdout,
        new RegExp(`^error this is a bug .*\\(${origin}\\).*TypeError: boom\\n\\s+at [^]*"event":"bug"`),
      )
    })
  }

  it('says when it is started so that its secrets can get out', () => {
    assert.match(
      run('', ['--heapsnapshot-signal=SIGUSR2']).stdout,
      /^warn Node was started with --heapsnapshot-signal: /,
    )
  })
})

describe('flags that reveal', () => {
  const cases: readonly (readonly [execArgv: readonly string[], options: string, flags: readonly string[]])[] = [
    [[], '', []],
    [['--disable-sigusr1', '--max-semi-space-size=4'], '--enable-source-maps', []],
    [['--inspect=0.0.0.0:9229'], '', ['--inspect']],
    [[], ' --inspect-brk  --tls-keylog=/tmp/keys', ['--inspect-brk', '--tls-keylog']],
    [['--heap_prof'], '--heap-prof', ['--heap-prof']],
  ]
  for (const [execArgv, options, flags] of cases) {
    it(`${execArgv.join(' ')} | ${options}`, () => assert.deepEqual(revealingFlags(execArgv, options), flags))
  }
})
