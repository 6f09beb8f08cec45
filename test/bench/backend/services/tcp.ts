import type { PipeUser } from '../../pipes/pipe.ts'
import { Pour } from '../../pipes/pour.ts'
import { commandOf, verbOf } from '../../pipes/tcp-commands.ts'
import type { Tally } from '../tally.ts'

const reply = commandOf('echo')

/** TCP: each exchange begins with a byte that says what it is; long ones are of `bytes`. */
export const serveTcp =
  (bytes: number, tally: Tally): PipeUser =>
  (pipe) => {
    const pour = new Pour(pipe)
    let toCome = 0
    const begin = (byte: number | undefined): void => {
      switch (verbOf(byte)) {
        case 'echo':
          tally.onRequests(1)
          pipe.write(reply)
          return
        case 'download':
          tally.onRequests(1)
          return pour.start(bytes)
        case 'upload':
          toCome = bytes
          return
        case undefined:
          pipe.destroy()
      }
    }
    return {
      onData: (buffer, start, end) => {
        for (let at = start; at < end;) {
          if (toCome === 0) {
            begin(buffer[at++])
            continue
          }
          const taken = Math.min(toCome, end - at)
          at += taken
          toCome -= taken
          if (toCome > 0) continue
          tally.onRequests(1)
          pipe.write(reply)
        }
      },
      onDrain: () => pour.go(),
      onEnd: pipe.end,
      onLost: () => {},
    }
  }
