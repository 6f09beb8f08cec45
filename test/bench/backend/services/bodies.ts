import type { PipeUser } from '../../pipes/pipe.ts'
import { Pour } from '../../pipes/pour.ts'
import { readBulkRequest } from '../bulk.ts'
import { formatAnswer, formatAnswerHead, hasAddedHeader } from '../responder.ts'
import type { Tally } from '../tally.ts'
import { HeadReader } from './head-reader.ts'

const refusal = Buffer.from('HTTP/1.1 411 Length Required\r\ncontent-length: 0\r\n\r\n', 'latin1')

/**
 * HTTP/1.1 with long bodies, one request at a time: one that brings a body is answered when all of it is there, one that
 * asks for a body gets it.
 */
export const serveBodies =
  (bodyBytes: number, tally: Tally): PipeUser =>
  (pipe) => {
    const answer = formatAnswer(bodyBytes)
    const pour = new Pour(pipe)
    let toCome = 0
    const finish = (): void => {
      tally.onRequests(1)
      pipe.write(answer)
    }
    const accept = (head: string): void => {
      if (!hasAddedHeader(head)) tally.onMissingHeader()
      const asked = readBulkRequest(Buffer.from(head, 'latin1'), 0, head.length)
      if (asked !== undefined) {
        tally.onRequests(1)
        pipe.write(Buffer.from(formatAnswerHead(asked), 'latin1'))
        return pour.start(asked)
      }
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
      if (length === undefined) return void pipe.write(refusal)
      toCome = Number(length)
      if (toCome === 0) finish()
    }
    const heads = new HeadReader(accept)
    return {
      onData: (buffer, start, end) => {
        let at = start
        while (at < end) {
          if (toCome === 0) {
            at = heads.feed(buffer, at, end)
            continue
          }
          const bytes = Math.min(toCome, end - at)
          at += bytes
          toCome -= bytes
          if (toCome === 0) finish()
        }
      },
      onDrain: () => pour.go(),
      onEnd: pipe.end,
      onLost: () => {},
    }
  }
