import { checkTrailerFields } from '../h2/fields.ts'
import { HeaderList } from '../header-list.ts'
import { forbiddenTrailer, removeFramingTrailers } from '../trailers.ts'
import { type BridgeFailure, unbridgeable } from './failure.ts'

/** HTTP/2 trailers of a request as what `encodeLastChunk` takes; only a chunked message can have them. */
export const requestTrailersToH1 = (fields: readonly string[]): HeaderList | BridgeFailure => {
  const wrong = wrongWithRequest(fields)
  return wrong === undefined ? new HeaderList([...fields]) : unbridgeable(wrong)
}

/** HTTP/1.1 trailers of a request as HTTP/2 fields. */
export const requestTrailersToH2 = (trailers: HeaderList): string[] | BridgeFailure => {
  const wrong = wrongWithRequest(trailers.fields)
  return wrong === undefined ? [...trailers.fields] : unbridgeable(wrong)
}

/** HTTP/2 trailers of a response, which have been checked, the same; without those that frame a message. */
export const responseTrailersToH1 = (fields: readonly string[]): HeaderList => {
  const trailers = new HeaderList([...fields])
  removeFramingTrailers(trailers)
  return trailers
}

/** HTTP/1.1 trailers of a response as HTTP/2 fields, without those that frame a message. */
export const responseTrailersToH2 = (trailers: HeaderList): string[] | BridgeFailure => {
  const { fields } = responseTrailersToH1(trailers.fields)
  const wrong = checkTrailerFields(fields)
  return wrong === undefined ? fields : unbridgeable(wrong)
}

const wrongWithRequest = (fields: readonly string[]): string | undefined => {
  const wrong = checkTrailerFields(fields)
  if (wrong !== undefined) return wrong
  const forbidden = forbiddenTrailer(fields)
  return forbidden === undefined ? undefined : `field ${forbidden} in the trailers`
}
