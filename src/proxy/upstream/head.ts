import { encodeRequestHead } from '../../http/h1/encode.ts'
import { requestToH2 } from '../../http/bridge/request.ts'
import type { HttpVersion, UpstreamRequest } from './session.ts'

/** Writes the head of a request for sessions of a version, once; why it may not go out, or `undefined`. */
export const writeHead = (
  request: UpstreamRequest,
  version: HttpVersion,
  scheme: 'http' | 'https',
): string | undefined => {
  if ((version === 1 ? request.h1Head : request.h2Head) !== undefined) return undefined
  const { headers, bodyLength } = request
  if (version === 1) {
    const head = encodeRequestHead(request, headers, request)
    if (typeof head !== 'string') return head.message
    request.h1Head = head
    return undefined
  }
  const head = requestToH2(request, headers, { bodyLength, scheme })
  if (!Array.isArray(head)) return head.message
  request.h2Head = head
  return undefined
}
