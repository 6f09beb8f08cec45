/** The suites `upload` and `download`: long bodies over HTTP/1.1, of which each MiB is counted. */
import { bulkPath } from '../../backend/bulk.ts'
import { PATH_PREFIX } from '../../proxies/traffic.ts'
import { formatRequest } from '../mesh-case.ts'
import type { CaseLoad, MeshCase, MeshSuite } from '../mesh-case.ts'

const BODY_BYTES = 16 * 2 ** 20
/** Of the answer to an upload. */
const ANSWER_BYTES = 1024

const uploadLoad: CaseLoad = {
  request: formatRequest(`POST ${PATH_PREFIX}/v1/files`, [
    'content-type: application/octet-stream',
    `content-length: ${BODY_BYTES}`,
  ]),
  bodyBytes: ANSWER_BYTES,
  work: { kind: 'bodies', uploadBytes: BODY_BYTES },
}

const downloadLoad: CaseLoad = {
  request: formatRequest(`GET ${bulkPath(BODY_BYTES)}`),
  bodyBytes: BODY_BYTES,
  work: { kind: 'bodies', uploadBytes: undefined },
}

const casesOf = (name: string, load: CaseLoad): readonly MeshCase[] => {
  const one = { out: 'hbone', connections: 1, destinations: 1, peers: 'both', load, unit: 'MiB' } as const
  return [
    { ...one, name: `${name}-1x1`, tunnels: 1 },
    { ...one, name: `${name}-1x8`, tunnels: 8 },
    { ...one, name: `${name}-direct-1x8`, out: 'direct', tunnels: 8, peers: 'none' },
  ]
}

const common = { traffic: 'bodies', serves: 'bodies', backendBytes: ANSWER_BYTES } as const

/** POST of 16 MiB each, answered when all has arrived. */
export const uploadSuite: MeshSuite = { ...common, name: 'upload', cases: casesOf('upload', uploadLoad) }

/** GET of 16 MiB each. */
export const downloadSuite: MeshSuite = { ...common, name: 'download', cases: casesOf('download', downloadLoad) }
