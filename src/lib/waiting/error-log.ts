import { systemClock } from '../clock.ts'
import { createLogger } from '../log.ts'
import { openLinesWithoutWaiting } from './lines-without-waiting.ts'

/** Where a program that goes on writes its own log: standard error, and what a full pipe has no room for is lost, and told. */
export const openErrorLog = (): ((line: string) => void) => {
  // A disk that is full, or a reader that is gone, is no reason to end; and where could it be told?
  process.stderr.on('error', () => {})
  return openLinesWithoutWaiting({ fd: 2, otherwise: (text) => void process.stderr.write(text), tellLost })
}

const tellLost = (lines: number): string => {
  let told = ''
  const log = createLogger({ write: (line) => (told = line), level: 'warn', clock: systemClock })
  log.warn(`${lines} lines of this log were lost: nobody read standard error`)
  return told
}
