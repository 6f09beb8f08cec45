import { readFileSync } from 'node:fs'
import { fillTemplate } from '../template.ts'
import type { Traffic } from '../traffic.ts'
import { loadStreamLine } from './stream-module.ts'

/** How nginx carries a kind of traffic over HTTP, as a careful operator would have it. */
interface Way {
  /** What talks to the destinations. Only `grpc` speaks HTTP/2 to them, one call at a time on each connection. */
  readonly module: 'proxy' | 'grpc'
  /** Whether clients may speak HTTP/2. */
  readonly isHttp2: boolean
  readonly directives: readonly string[]
}

const keepAlive = ['proxy_http_version 1.1;', 'proxy_set_header Connection "";']

const ways: Readonly<Record<Exclude<Traffic, 'tcp'>, Way>> = {
  http: { module: 'proxy', isHttp2: false, directives: keepAlive },
  h2c: { module: 'proxy', isHttp2: true, directives: keepAlive },
  grpc: { module: 'grpc', isHttp2: true, directives: [] },
  // Straight through, never to a file, in steps that are larger than by default.
  bodies: {
    module: 'proxy',
    isHttp2: false,
    directives: [
      ...keepAlive,
      ...['client_max_body_size 0;', 'client_body_buffer_size 64k;', 'proxy_request_buffering off;'],
      ...['proxy_buffer_size 64k;', 'proxy_buffers 8 64k;', 'proxy_busy_buffers_size 128k;'],
      'proxy_max_temp_file_size 0;',
    ],
  },
  websocket: {
    module: 'proxy',
    isHttp2: false,
    directives: [
      ...['proxy_http_version 1.1;', 'proxy_set_header Upgrade $http_upgrade;', 'proxy_set_header Connection upgrade;'],
      'proxy_read_timeout 1h;',
    ],
  },
}

/** nginx's configuration for a kind of traffic. `about` is the output of `nginx -V`. */
export const formatNginx = (
  traffic: Traffic,
  isTls: boolean,
  options: { readonly about: string; readonly values: Readonly<Record<string, string>> },
): string => {
  const { about, values } = options
  const read = (kind: 'http' | 'tcp'): string =>
    readFileSync(new URL(`${kind}-${isTls ? 'tls' : 'plain'}.conf`, import.meta.url), 'utf8')
  if (traffic === 'tcp') return fillTemplate(read('tcp'), { ...values, loadStream: loadStreamLine(about) })
  const { module, isHttp2, directives } = ways[traffic]
  return fillTemplate(read('http'), {
    ...values,
    module,
    scheme: module === 'grpc' ? 'grpc' : 'http',
    http2: isHttp2 ? ' http2' : '',
    directives: directives.join('\n      '),
  })
}
