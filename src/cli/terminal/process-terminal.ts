import { text as readText } from 'node:stream/consumers'
import { isatty } from 'node:tty'
import { openErrorLog } from '../../lib/waiting/error-log.ts'
import type { Output, Terminal } from '../verb.ts'

/** The terminal of this process. */
export const createProcessTerminal = (): Terminal => {
  let logLines: ReturnType<typeof openErrorLog> | undefined
  return {
    out: createOutput(process.stdout, 1),
    err: createOutput(process.stderr, 2),
    log: (line) => (logLines ??= openErrorLog())(line),
    input: () => readText(process.stdin),
    env: process.env,
    cwd: process.cwd(),
    ask: askPerson,
    onSignal: (listener) => {
      process.on('SIGINT', listener)
      process.on('SIGTERM', listener)
      // A terminal that closes says it so. Without one it may mean anything, and means what it does to the process.
      const onHangUp = (): void => listener('SIGTERM')
      if (isatty(0)) process.on('SIGHUP', onHangUp)
      return () => {
        process.off('SIGINT', listener)
        process.off('SIGTERM', listener)
        process.off('SIGHUP', onHangUp)
      }
    },
  }
}

const askPerson = async (question: string): Promise<string | undefined> => {
  if (!isatty(0) || !isatty(2)) return undefined
  const { createInterface } = await import('node:readline')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  lines.on('close', () => resolve(undefined))
  lines.question(question, resolve)
  return promise.finally(() => lines.close())
}

const createOutput = (stream: NodeJS.WriteStream, fd: number): Output => {
  let isBroken = false
  // A reader that has seen enough (`fairway … | head`) is no failure; further output has nobody to go to.
  stream.on('error', () => {
    isBroken = true
  })
  return {
    write: (text) => {
      if (!isBroken) stream.write(text)
    },
    whenDrained: () => (isBroken || !stream.writableNeedDrain ? undefined : nextDrain(stream)),
    isTty: isatty(fd),
    columns: () => sizeOr(stream.columns, 80),
    rows: () => sizeOr(stream.rows, 24),
  }
}

/** A size of a terminal; one that was never told its own says 0 (a pipe of `script`, a console of a build server). */
export const sizeOr = (size: number | undefined, fallback: number): number =>
  size === undefined || size < 1 ? fallback : size

const nextDrain = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    const finish = (): void => {
      stream.off('drain', finish).off('error', finish)
      resolve()
    }
    stream.on('drain', finish).on('error', finish)
  })
