import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What `node:test` takes as `skip`: false when the program runs, else why not. */
export const skipWithout = (program: string, versionFlag = '--version'): string | false =>
  spawnSync(program, [versionFlag], { stdio: 'ignore' }).error === undefined ? false : `${program} is not installed`

/** Runs a program to its end; its output, or an error with what it complained of. */
export const run = async (program: string, args: readonly string[], input?: Buffer): Promise<Buffer> => {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const options = { encoding: 'buffer', maxBuffer: 1 << 26, timeout: 20_000 } as const
  const child = execFile(program, args, options, (error, stdout, stderr) => {
    if (error === null) resolve(stdout)
    else reject(new Error(`${program} ${args.join(' ')}: ${error.message} ${stderr.toString()}`))
  })
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  return promise
}

/** A port that was free a moment ago. */
export const freePort = async (address = '127.0.0.1'): Promise<number> => {
  const server = createServer()
  server.listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const TRY_EACH_MS = 20

/** A program that runs until it is disposed of. */
export interface PeerProcess extends Disposable {
  readonly hasEnded: () => boolean
  readonly ended: Promise<unknown>
  /** What it wrote to stderr. */
  readonly complaints: () => string
  readonly kill: (signal: NodeJS.Signals) => void
}

/** Where a program listens, default 127.0.0.1, as whom it runs, default as we do, and how long it may take, default 10 s. */
export interface PeerOptions {
  readonly timeoutMs?: number
  readonly address?: string
  readonly user?: { readonly uid?: number; readonly gid?: number }
}

/** Starts a program that listens on `port` and waits until it does. */
export const startPeer = async (
  program: string,
  args: readonly string[],
  port: number,
  { address = '127.0.0.1', user = {}, timeoutMs = 10_000 }: PeerOptions = {},
): Promise<PeerProcess> => {
  const child = spawn(program, args, { ...user, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'exit')
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  for (let attempt = 0; attempt < timeoutMs / TRY_EACH_MS; attempt++) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${complaints}`)
    if (await isListening(port, address))
      return {
        hasEnded: () => child.exitCode !== null || child.signalCode !== null,
        ended,
        complaints: () => complaints,
        kill: (signal) => void child.kill(signal),
        [Symbol.dispose]: () => void child.kill('SIGKILL'),
      }
    // Another program gives no sign when it is ready, other than that it is.
    await delay(TRY_EACH_MS)
  }
  child.kill('SIGKILL')
  throw new Error(`${program} does not listen on ${address}:${port} after ${timeoutMs} ms: ${complaints}`)
}

const isListening = async (port: number, address: string): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, address)
  socket.on('connect', () => resolve(true))
  socket.on('error', () => resolve(false))
  const result = await promise
  socket.destroy()
  return result
}
