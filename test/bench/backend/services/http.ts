import type { PipeUser } from '../../pipes/pipe.ts'
import { Pour } from '../../pipes/pour.ts'
import { readBulkRequest } from '../bulk.ts'
import { createResponder, formatAnswerHead } from '../responder.ts'
import type { Tally } from '../tally.ts'

/** HTTP/1.1 without request bodies: the same answer to everything, save where a long one is asked for. */
export const serveHttp = (bodyBytes: number, tally: Tally): PipeUser => {
  const responder = createResponder(bodyBytes, tally)
  const { answer } = responder
  return (pipe) => {
    const count = responder.accept()
    let bulk: Pour | undefined
    return {
      onData: (buffer, start, end) => {
        let due = count(buffer, start, end)
        const bulkBytes = readBulkRequest(buffer, start, end)
        if (bulkBytes !== undefined) {
          due--
          pipe.write(Buffer.from(formatAnswerHead(bulkBytes), 'latin1'))
          bulk ??= new Pour(pipe)
          bulk.start(bulkBytes)
        }
        // The answer's memory never changes, so it may be in many writes at once.
        for (; due > 0; due--) pipe.write(answer)
      },
      onDrain: () => bulk?.go(),
      onEnd: pipe.end,
      onLost: () => {},
    }
  }
}
