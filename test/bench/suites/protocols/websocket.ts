/** The suite `websocket`: messages of 64 bytes on WebSockets that are open, each sent back; each echo is counted. */
import { PATH_PREFIX } from '../../proxies/traffic.ts'
import { formatRequest } from '../mesh-case.ts'
import type { CaseLoad, MeshSuite } from '../mesh-case.ts'

const MESSAGE_BYTES = 64

const load: CaseLoad = {
  request: formatRequest(`GET ${PATH_PREFIX}/v1/live`, [
    ...['connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'],
    'sec-websocket-key: ZmFpcndheS1iZW5jaC1rZQ==',
  ]),
  bodyBytes: MESSAGE_BYTES,
  work: { kind: 'websocket', messageBytes: MESSAGE_BYTES },
}

const open = { out: 'hbone', destinations: 1, peers: 'both', load, unit: 'echo' } as const

export const websocketSuite: MeshSuite = {
  name: 'websocket',
  traffic: 'websocket',
  serves: 'websocket',
  backendBytes: MESSAGE_BYTES,
  cases: [
    { ...open, name: 'websocket-1x64', connections: 1, tunnels: 64 },
    { ...open, name: 'websocket-64x1', connections: 64, tunnels: 1, destinations: 16 },
    { ...open, name: 'websocket-direct-1x64', out: 'direct', connections: 1, tunnels: 64, peers: 'none' },
  ],
}
