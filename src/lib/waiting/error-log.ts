import { openLinesWithoutWaiting } from './lines-without-waiting.ts'

/** Where a program that goes on writes its own log: standard error, and what a full pipe has no room for is lost, and told. */
export const openErrorLog = (): ((line: string) => void) =>
  openLinesWithoutWaiting({
    fd: 2,
    otherwise: (text) => void process.stderr.write(text),
    tellLost: (lines) =>
      `${JSON.stringify({ time: new Date().toISOString(), level: 'warn', message: `${lines} lines of this log were lost: nobody read standard error` })}\n`,
  })
