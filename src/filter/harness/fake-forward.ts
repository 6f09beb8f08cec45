import { HeaderList } from '../../http/header-list.ts'
import { CallError } from '../env/calls.ts'
import type { ForwardedAnswer, ForwardRest, RequestView } from '../index.ts'
import { createHeaders, piecesOf, type ResponseOptions } from './test-exchange.ts'

/** `env.forward` in a test: what a filter sends on is answered by `answer`. */
export const createFakeForward =
  (answer: (request: RequestView) => ResponseOptions | Promise<ResponseOptions>, signal: AbortSignal): ForwardRest =>
  async ({ request }, { change } = {}) => {
    if (signal.aborted) throw new CallError('ECLOSED', 'the filter is closed')
    const copy = { ...request, headers: new HeaderList([...request.headers.fields]) }
    change?.(copy)
    return toAnswer(await answer(copy))
  }

const toAnswer = ({ status = 200, headers, body = '' }: ResponseOptions): ForwardedAnswer => {
  const list = createHeaders(headers)
  const announced = list.get('content-length')
  return {
    status,
    headers: list,
    length: announced === undefined ? undefined : Number(announced),
    body: readPieces(piecesOf(body)),
    details: 'via_upstream',
    flags: '-',
  }
}

async function* readPieces(pieces: readonly Buffer[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece)
}
