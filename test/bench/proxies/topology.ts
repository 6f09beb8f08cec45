import type { ProxyName } from './proxy.ts'
import type { Traffic } from './traffic.ts'

/** What lies on either side of a proxy, for people who want to know what is compared with what. */
export const describeTopology = (proxy: ProxyName, traffic: Traffic): string => {
  const inside = insides[traffic]
  switch (proxy) {
    case 'direct':
      return `generator to destination, HBONE with ${inside}`
    case 'fairway':
      return `HBONE with ${inside} in, HBONE with ${inside} out`
    case 'haproxy':
      return `mutual TLS with ${inside} in, mutual TLS with ${inside} out`
    case 'nginx-tls':
      return `mutual TLS with ${inside} in, mutual TLS with ${nginxOut(traffic)} out`
    case 'nginx-plain':
      return `${inside} in, ${nginxOut(traffic)} out`
  }
}

const insides: Readonly<Record<Traffic, string>> = {
  http: 'HTTP/1.1',
  bodies: 'HTTP/1.1',
  websocket: 'WebSocket',
  h2c: 'HTTP/2',
  grpc: 'HTTP/2',
  tcp: 'TCP',
}

const nginxOut = (traffic: Traffic): string => {
  if (traffic === 'grpc') return 'HTTP/2 (grpc_pass, kept alive, one call at a time on each connection)'
  return traffic === 'h2c' ? 'HTTP/1.1 (proxy_pass, kept alive)' : insides[traffic]
}
