/**
 * The suite `tcp`: bytes through a port of which nothing is known but that it is TCP. Many one way, of which each MiB is
 * counted; one that is answered by one, on connections that stay open, and on one of its own each time.
 */
import type { TcpVerb } from '../../load/plan.ts'
import type { CaseLoad, MeshCase, MeshSuite } from '../mesh-case.ts'

const LONG_BYTES = 16 * 2 ** 20

const loadOf = (verb: TcpVerb, isFresh = false): CaseLoad => {
  const bytes = verb === 'echo' ? 1 : LONG_BYTES
  return { request: '', bodyBytes: bytes, work: { kind: 'tcp', verb, bytes, isFresh } }
}

const one = { out: 'hbone', connections: 1, destinations: 1, peers: 'both' } as const

const longCases = (verb: 'upload' | 'download'): readonly MeshCase[] => {
  const long = { ...one, load: loadOf(verb), unit: 'MiB' } as const
  return [
    { ...long, name: `tcp-${verb}-1x1`, tunnels: 1 },
    { ...long, name: `tcp-${verb}-direct-1x1`, out: 'direct', tunnels: 1, peers: 'none' },
  ]
}

const echo = { ...one, load: loadOf('echo'), unit: 'echo' } as const
const connect = { ...one, load: loadOf('echo', true), unit: 'connection' } as const

/** What is opened for each echo is a tunnel for Fairway, and a TLS connection that resumes a session for the peers. */
export const tcpSuite: MeshSuite = {
  name: 'tcp',
  traffic: 'tcp',
  serves: 'tcp',
  backendBytes: LONG_BYTES,
  cases: [
    ...longCases('upload'),
    ...longCases('download'),
    { ...echo, name: 'tcp-echo-1x64', tunnels: 64 },
    { ...echo, name: 'tcp-echo-direct-1x64', out: 'direct', tunnels: 64, peers: 'none' },
    { ...connect, name: 'tcp-connect-1x16', tunnels: 16, peers: 'in-flight' },
    { ...connect, name: 'tcp-connect-direct-1x16', out: 'direct', tunnels: 16, peers: 'none' },
  ],
}
