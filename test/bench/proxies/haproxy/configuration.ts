import { readFileSync } from 'node:fs'
import { fillTemplate } from '../template.ts'
import type { Traffic } from '../traffic.ts'

/** HAProxy's configuration for a kind of traffic; HTTP/2 is spoken on both sides. */
export const formatHaproxy = (traffic: Traffic, values: Readonly<Record<string, string>>): string => {
  const template = readFileSync(new URL(traffic === 'tcp' ? 'tcp.cfg' : 'http.cfg', import.meta.url), 'utf8')
  const isHttp2 = traffic === 'h2c' || traffic === 'grpc'
  return fillTemplate(template, {
    ...values,
    protocol: isHttp2 ? 'h2' : 'http/1.1',
    serverProtocol: isHttp2 ? ' alpn h2' : '',
  })
}
