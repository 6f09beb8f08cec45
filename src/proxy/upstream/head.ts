import { encodeRequestHead } from '../../http/h1/encode.ts'
import type { Scheme } from '../../http/h1/message.ts'
import { requestToH2 } from '../../http/bridge/request.ts'
import type { HttpVersion, UpstreamRequest } from './session.ts'

/** Writes the head of a request for sessions of a version, once; why it may not go out, or `undefined`. */
export const writeHead = (request: UpstreamRequest, version: HttpVersion, scheme: Scheme): string | undefined => {
  if ((version === 1 ? request.h1Head : request.h2Head) !== undefined) return undefined
  const { headers, bodyLength, method, target } = request
  // A filter may have written anything here, copied from a client even: with another form a server that is a proxy as well
  // would be told whom to call (RFC 9112 section 3.2.2).
  if (method === 'CONNECT' || !(target.startsWith('/') || (target === '*' && method === 'OPTIONS')))
    return `${method} with target ${JSON.stringify(target.slice(0, 40))}, which is no path`
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
