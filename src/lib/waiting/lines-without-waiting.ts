import { constants, fstatSync, openSync, writeSync } from 'node:fs'

/** Never waits for somebody to read: a pipe that is full says so. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK

/** Where lines go. */
export interface LineTarget {
  /** Of this process. */
  readonly fd: number
  /** For what is no pipe, or may not be opened once more: a terminal, a file, the socket of a journal. */
  readonly otherwise: (text: string) => void
  /** A line for those that are lost, with its `\n`; told as soon as there is room again. */
  readonly tellLost: (lines: number) => string
}

/**
 * Writes whole lines at once, in order, and those that a pipe has no room for not at all: Node writes to pipes as if it had
 * nothing else to do, so that a reader who stops (a log collector, a node whose disk is full) would stop the process. The
 * pipe is opened once more, since others who write to it may want to wait.
 */
export const openLinesWithoutWaiting = ({ fd, otherwise, tellLost }: LineTarget): ((line: string) => void) => {
  const own = openAgain(fd)
  if (own === undefined) return otherwise
  let lost = 0
  /** Of a line of which some is out: only those longer than PIPE_BUF are ever cut. */
  let rest: Buffer | undefined
  const put = (bytes: Buffer): boolean => {
    const written = writeSome(own, bytes)
    if (written > 0 && written < bytes.length) rest = bytes.subarray(written)
    return written > 0
  }
  const putRest = (): boolean => {
    if (rest === undefined) return true
    const bytes = rest
    rest = undefined
    if (!put(bytes)) rest = bytes
    return rest === undefined
  }
  return (line) => {
    const isFree = putRest() && (lost === 0 || put(Buffer.from(tellLost(lost))))
    if (isFree) lost = 0
    if (!isFree || !putRest() || !put(Buffer.from(line))) lost++
  }
}

const openAgain = (fd: number): number | undefined => {
  try {
    return fstatSync(fd).isFIFO() ? openSync(`/proc/self/fd/${fd}`, FLAGS) : undefined
  } catch {
    return undefined
  }
}

/** 0: there is no room, or nobody to read it any more. */
const writeSome = (fd: number, bytes: Buffer): number => {
  try {
    return writeSync(fd, bytes)
  } catch {
    return 0
  }
}
