import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pinned } from './pinning.ts'

/** Last lines of a child's stderr that are kept for messages. */
const KEPT_STDERR_BYTES = 4096
const STOP_GRACE_MS = 5000

/** A child process and what it last said on stderr. */
export interface Child {
  readonly process: ChildProcess
  readonly pid: number
  readonly stderr: () => string
  readonly hasExited: () => boolean
  /** SIGTERM, and SIGKILL after 5 s; settles when it is gone. */
  readonly stop: () => Promise<void>
}

/** Starts children and sees to it that none outlives the bench. */
export interface Children {
  readonly spawn: (command: string, args: readonly string[], env?: Readonly<Record<string, string>>) => Child
  /** One of our own scripts, with an IPC channel whose end it dies with. */
  readonly fork: (script: URL, nodeFlags?: readonly string[]) => Child
  readonly stopAll: () => Promise<void>
  /** Without waiting: for exit handlers. */
  readonly killAll: () => void
}

/** `isPinned`: whether forked scripts share the CPU of the surroundings (see `pinned`); default true. */
export const createChildren = ({ isPinned = true }: { readonly isPinned?: boolean } = {}): Children => {
  const running = new Set<Child>()
  const own = (started: ChildProcess): Child => {
    const child = watch(started)
    running.add(child)
    started.once('exit', () => running.delete(child))
    return child
  }
  return {
    spawn: (command, args, env) =>
      own(
        spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env }, detached: true }),
      ),
    fork: (script, nodeFlags = []) => {
      const args = [...nodeFlags, fileURLToPath(script)]
      const plain = { command: process.execPath, args }
      const start = isPinned ? pinned('surroundings', plain.command, plain.args) : plain
      return own(spawn(start.command, start.args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], detached: true }))
    },
    stopAll: async () => {
      await Promise.all([...running].map((child) => child.stop()))
    },
    killAll: () => {
      for (const child of running) killGroup(child.pid)
    },
  }
}

const watch = (started: ChildProcess): Child => {
  let stderr = ''
  let hasExited = false
  started.stderr?.setEncoding('utf8')
  started.stderr?.on('data', (text: string) => (stderr = (stderr + text).slice(-KEPT_STDERR_BYTES)))
  started.once('exit', () => (hasExited = true))
  started.once('error', (error) => {
    stderr += error.message
    hasExited = true
  })
  const pid = started.pid ?? 0
  return {
    process: started,
    pid,
    stderr: () => stderr.trim(),
    hasExited: () => hasExited,
    stop: async () => {
      if (hasExited) return
      const exited = once(started, 'exit')
      started.kill('SIGTERM')
      const killer = setTimeout(() => killGroup(pid), STOP_GRACE_MS)
      await exited
      clearTimeout(killer)
    },
  }
}

/** Each child leads a group, so that the workers that a peer has started go with it. */
const killGroup = (leader: number): void => {
  if (leader <= 0) return
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

/** The next message of `kind` from a forked child; rejects on a message `failed`, on exit and after `deadlineMs`. */
export const nextMessage = async <M extends { readonly kind: string }>(
  child: Child,
  kind: M['kind'],
  deadlineMs: number,
): Promise<M> =>
  new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      clearTimeout(timer)
      child.process.off('message', onMessage)
      child.process.off('exit', onExit)
      finish()
    }
    const onMessage = (value: unknown): void => {
      // The channel carries only the child's declared messages.
      const message = value as M | { readonly kind: 'failed'; readonly message: string }
      if (message.kind === kind) settle(() => resolve(message as M))
      else if (message.kind === 'failed') settle(() => reject(new Error((message as { message: string }).message)))
    }
    const onExit = (): void => settle(() => reject(new Error(`a child process ended early: ${child.stderr()}`)))
    const timer = setTimeout(() => settle(() => reject(new Error(`no ${kind} in ${deadlineMs} ms`))), deadlineMs)
    child.process.on('message', onMessage)
    child.process.on('exit', onExit)
  })
