import type { ExchangeRecord } from '../../filter/record.ts'
import { GrpcMessages } from '../../http/grpc-messages.ts'

/** The messages of one gRPC call, as its client sends and gets them, noted in its record. */
export class MessageCount {
  readonly #counts = { request: 0, response: 0 }
  readonly #request = new GrpcMessages()
  readonly #response = new GrpcMessages()

  constructor(record: Pick<ExchangeRecord, 'messages'>) {
    record.messages = this.#counts
  }

  onRequest(buffer: Buffer, start: number, end: number): void {
    this.#counts.request += this.#request.feed(buffer, start, end)
  }

  onResponse(buffer: Buffer, start: number, end: number): void {
    this.#counts.response += this.#response.feed(buffer, start, end)
  }
}
