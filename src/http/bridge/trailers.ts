import { checkTrailerFields } from '../h2/fields.ts'
import { HeaderList } from '../header-list.ts'
import { forbiddenTrailer } from '../trailers.ts'
import { type BridgeFailure, unbridgeable } from './failure.ts'

/** HTTP/2 trailers as what `encodeLastChunk` takes; only a chunked message can have them. */
export const trailersToH1 = (fields: readonly string[]): HeaderList | BridgeFailure => {
  const wrong = wrongWith(fields)
  return wrong === undefined ? new HeaderList([...fields]) : unbridgeable(wrong)
}

/** HTTP/1.1 trailers as HTTP/2 fields. */
export const trailersToH2 = (trailers: HeaderList): string[] | BridgeFailure => {
  const wrong = wrongWith(trailers.fields)
  return wrong === undefined ? [...trailers.fields] : unbridgeable(wrong)
}

const wrongWith = (fields: readonly string[]): string | undefined => {
  const wrong = checkTrailerFields(fields)
  if (wrong !== undefined) return wrong
  const forbidden = forbiddenTrailer(fields)
  return forbidden === undefined ? undefined : `field ${forbidden} in the trailers`
}
