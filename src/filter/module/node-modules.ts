/**
 * What of Node a filter may import. Not a fence, since whoever writes filters writes code for the data plane: it is there
 * so that what goes around the waypoint's own ways is not taken by accident.
 */
const allowed: ReadonlySet<string> = new Set([
  ...['assert', 'assert/strict', 'async_hooks', 'buffer', 'crypto', 'diagnostics_channel', 'dns', 'dns/promises'],
  ...['events', 'fs', 'fs/promises', 'os', 'path', 'path/posix', 'perf_hooks', 'querystring', 'stream'],
  ...[
    'stream/promises',
    'stream/web',
    'string_decoder',
    'timers',
    'timers/promises',
    'url',
    'util',
    'util/types',
    'zlib',
  ],
])

const throughMesh = 'calls go through the mesh: use env.fetch, or env.dispatcher'

/** What to do instead. */
const instead: ReadonlyMap<string, string> = new Map([
  ['dgram', throughMesh],
  ['http', throughMesh],
  ['http2', throughMesh],
  ['https', throughMesh],
  ['net', throughMesh],
  ['tls', throughMesh],
  ['worker_threads', 'spec.isolation: Thread gives the filter a thread of its own'],
  ['child_process', 'a filter starts no processes'],
  ['cluster', 'a filter starts no processes'],
])

/** Why a filter may not import a module of Node, by its name without `node:`; `undefined`: it may. */
export const refuseNodeModule = (name: string): string | undefined => {
  if (allowed.has(name)) return undefined
  return instead.get(name) ?? `it is not among those that filters may use: ${[...allowed].join(', ')}`
}

/** To be called with `new`, which arrow functions are not. */
const refuseNew = (why: string) =>
  function refused(): never {
    throw new Error(why)
  }

/**
 * What everybody has and a filter has by another way, by name: taken by mistake it would go past the mesh, and past
 * `--filter-egress`.
 */
export const bypasses: Readonly<Record<string, unknown>> = {
  fetch: () => Promise.reject(new Error('fetch would go past the mesh: use env.fetch')),
  WebSocket: refuseNew('WebSocket would go past the mesh, and a filter cannot switch protocols'),
  EventSource: refuseNew('EventSource would go past the mesh: use env.fetch'),
}

const refuse = (name: string) => (): never => {
  throw new Error(`process.${name} is not for filters: the process serves others as well`)
}

/** What would outlive the filter, or change the process for others. */
const refusedOfProcess = [
  ...['abort', 'chdir', 'exit', 'kill', 'reallyExit', 'disconnect', 'send', 'dlopen', 'binding'],
  ...['on', 'once', 'off', 'addListener', 'prependListener', 'prependOnceListener', 'removeListener', 'emit'],
  ...['removeAllListeners', 'setUncaughtExceptionCaptureCallback', 'setMaxListeners', 'umask'],
  ...['setuid', 'setgid', 'seteuid', 'setegid', 'setgroups', 'initgroups'],
]

/** The process as filters see it: they may read it, and neither end it nor listen to what is not about them. */
export const createProcessView = (): NodeJS.Process =>
  // What is asked of the copy and is not there is asked of the process itself.
  Object.assign(Object.create(process) as NodeJS.Process, {
    ...Object.fromEntries(refusedOfProcess.map((name) => [name, refuse(name)])),
    getBuiltinModule: (name: string): unknown => {
      const why = refuseNodeModule(name.replace(/^node:/, ''))
      if (why !== undefined) throw new Error(`cannot load '${name}': ${why}`)
      return process.getBuiltinModule(name)
    },
  })
