import { HeaderList } from '../../../src/http/header-list.ts'
import type { UpstreamRequest } from '../../../src/proxy/upstream/session.ts'
import { writeHead } from '../../../src/proxy/upstream/head.ts'

/** A request with its head written for both versions; parts replaced. */
export const upstreamRequest = (parts: Partial<UpstreamRequest> = {}): UpstreamRequest => {
  const request: UpstreamRequest = {
    method: 'GET',
    target: '/',
    host: 'api',
    scheme: 'http',
    headers: new HeaderList(),
    bodyLength: 0,
    upgrade: undefined,
    isHttp2: false,
    h1Head: undefined,
    h2Head: undefined,
    ...parts,
  }
  const wrong = writeHead(request, 1, 'http') ?? writeHead(request, 2, 'http')
  if (wrong !== undefined) throw new Error(wrong)
  return request
}
