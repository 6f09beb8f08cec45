/**
 * Fills V8's compile cache by starting the program as it will be started: `node warm-cache.mjs DIR`, in the image itself and
 * as the user that it runs as, since Node keeps a cache apart by place, user, processor and version. It is no part of the
 * image, and needs nothing that is not.
 */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, globSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'

const APPLICATION = '/opt/fairway'
/** Emulated processors are slow. */
const READY_MS = 120_000
/** They do something when they are loaded, and are loaded by those that start them. */
const ENTRIES = /(?:^|\/)(?:main|worker|resolve-package|[a-z]+-thread)\.js$/

const folder = path.resolve(process.argv[2] ?? 'compile-cache')
const work = `${folder}.work`
for (const name of [folder, work]) mkdirSync(name, { recursive: true })
const { mainFile, nodeFlags } = await import(`${APPLICATION}/src/bootstrap.mjs`)
const env = { ...process.env, NODE_COMPILE_CACHE: folder }

await runUntilReady(1)
await runUntilReady(2)
loadRest()

const [made, ...others] = readdirSync(folder)
if (made === undefined || others.length > 0)
  fail(`expected one folder in ${folder}, found ${readdirSync(folder).length}`)
// Node writes for its own eyes only.
for (const name of globSync('**', { cwd: folder })) {
  const file = path.join(folder, name)
  chmodSync(file, statSync(file).isDirectory() ? 0o755 : 0o644)
}
process.stdout.write(`${readdirSync(path.join(folder, made)).length} modules in ${made}\n`)

/** Runs it until it takes traffic, and lets it end in peace: what is new is written then. */
async function runUntilReady(workers) {
  const ports = ['hbone', 'ready', 'metrics', 'admin'].flatMap((name) => [`--${name}-port`, '0'])
  const objects = path.join(APPLICATION, 'examples/01-canary/objects.yaml')
  // Not by the launcher, whose own start would be remembered as well.
  const args = [
    ...nodeFlags(),
    mainFile(),
    'run',
    '-f',
    objects,
    '--ca',
    'dev',
    '--bind',
    '127.0.0.1',
    '--workers',
    String(workers),
    ...ports,
  ]
  const child = spawn(process.execPath, args, { cwd: work, env, stdio: ['ignore', 'ignore', 'pipe'] })
  const log = []
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS)
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.push(line)
    if (line.includes('"event":"ready"')) child.kill('SIGTERM')
  })
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  clearTimeout(timer)
  if (code !== 0) fail(`node ${args.join(' ')} ended with ${String(code)}:\n${log.join('\n')}`)
}

/** What neither needed: other verbs, filters, and what these bring along. */
function loadRest() {
  const files = globSync('{src,filters}/**/*.js', { cwd: APPLICATION }).filter((file) => !ENTRIES.test(file))
  const imports = files.toSorted().map((file) => `await import('${APPLICATION}/${file}')`)
  // By its end the process may have servers and timers.
  const code = `${imports.join('\n')}\nprocess.exit()`
  const args = [...nodeFlags(), '--input-type=module', '-e', code]
  const done = spawnSync(process.execPath, args, { cwd: work, env, encoding: 'utf8' })
  if (done.status !== 0) fail(`the modules of ${APPLICATION} cannot be loaded:\n${done.stderr}`)
}

function fail(text) {
  process.stderr.write(`warm-cache: ${text}\n`)
  process.exit(1)
}
