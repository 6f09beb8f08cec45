import type { Session } from 'node:inspector'
import type { StackFrame } from './stack-owner.ts'

/**
 * V8 stops at the next call, turn of a loop, or step of a regular expression: within 20 ms, and some hundred on a machine
 * that is short of CPU.
 */
const TIMEOUT_MS = 700

/**
 * Where the main thread is right now, innermost first, also when it loops: a debugger in this thread stops it for a moment.
 * Nothing when it is in code that V8 cannot stop.
 */
export const readMainStack = async (): Promise<readonly StackFrame[]> => {
  try {
    // Nobody needs it but in a process that hangs.
    const inspector = await import('node:inspector')
    const session = new inspector.Session()
    session.connectToMainThread()
    const stack = await stopAt(session)
    // It goes on from there.
    session.disconnect()
    return stack
  } catch {
    return []
  }
}

const stopAt = (session: Session): Promise<readonly StackFrame[]> =>
  new Promise((resolve) => {
    const files = new Map<string, string>()
    session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => void files.set(scriptId, url))
    session.on('Debugger.paused', ({ params }) =>
      resolve(
        params.callFrames.map(({ location: { scriptId, lineNumber } }) => ({
          file: (files.get(scriptId) ?? '').replace(/^file:\/\//, ''),
          line: lineNumber + 1,
        })),
      ),
    )
    session.post('Debugger.enable')
    session.post('Debugger.pause')
    setTimeout(() => resolve([]), TIMEOUT_MS)
  })
