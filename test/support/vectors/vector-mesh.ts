import assert from 'node:assert/strict'
import { builtinFilters } from '../../../filters/index.ts'
import { translate } from '../../../src/config/translate/translate.ts'
import type { ExchangeRecord } from '../../../src/filter/record.ts'
import type { Issue } from '../../../src/lib/decoded.ts'
import type { Condition } from '../../../src/model/condition.ts'
import type { Endpoint } from '../../../src/model/endpoint.ts'
import { formatSpiffeId } from '../../../src/model/identity.ts'
import type { Model } from '../../../src/model/model.ts'
import { explainRequest } from '../../../src/snapshot/explain.ts'
import type { Explanation } from '../../../src/snapshot/explain.ts'
import { parseClaims } from '../../../src/snapshot/security/tokens/token-view.ts'
import type { HboneClient } from '../../../src/proxy/hbone/client.ts'
import { openTunnel } from '../mesh/client-tunnel.ts'
import type { Answer, ClientTunnel } from '../mesh/client-tunnel.ts'
import { Mesh, identityOf, podAddress, until } from '../mesh/mesh.ts'
import type { PodRequest, PodTunnel } from '../mesh/pod.ts'
import type { Vector, VectorFile } from './vector-file.ts'
import { loadText } from '../load-text.ts'

/** A request as a pod got it. */
export interface Arrival {
  readonly pod: string
  readonly request: PodRequest
  /** Authority of the CONNECT to the pod. */
  readonly authority: string
}

/** All that one request came to, at either end and in between. */
export interface Outcome {
  /** `undefined` when there was no tunnel to ask in; `refusal` says why. */
  readonly answer: Answer | undefined
  readonly refusal: string | undefined
  readonly arrivals: readonly Arrival[]
  readonly records: readonly ExchangeRecord[]
  readonly explanation: Explanation
}

/** The model of a file, and what was said about its objects. */
export interface TranslatedFile {
  readonly model: Model
  readonly conditions: readonly Condition[]
  readonly issues: readonly Issue[]
}

/** Objects through the loader and the translation, as from files; `common` are those that every file has. */
export const translateFile = (file: VectorFile, common: string): TranslatedFile => {
  const { objects, issues } = loadText(`${file.name}.yaml`, `${file.objects}---\n${common}`)
  const { model, conditions } = translate(objects, {
    clusterDomain: 'cluster.local',
    trustDomain: 'cluster.local',
    rootNamespace: 'istio-system',
    pathNormalization: file.pathNormalization,
  })
  return { model, conditions, issues }
}

/** Requests that go at a time when there are many. */
const PARALLEL = 10

/** A waypoint that serves the model of one file, and one pod for each that the model's endpoints name. */
export class VectorMesh {
  readonly #mesh: Mesh
  readonly #defaultTo: string
  readonly #arrivals: Arrival[]
  readonly #clients = new Map<string, HboneClient>()
  readonly #tunnels = new Map<string, ClientTunnel>()

  private constructor(mesh: Mesh, arrivals: Arrival[], defaultTo: string) {
    this.#mesh = mesh
    this.#arrivals = arrivals
    this.#defaultTo = defaultTo
  }

  static async start(model: Model, { to, web }: Pick<VectorFile, 'to' | 'web'>): Promise<VectorMesh> {
    const arrivals: Arrival[] = []
    const names = [...new Set(model.endpoints.flatMap((set) => set.endpoints.map(podName)))]
    const mesh = await Mesh.start({
      filters: builtinFilters,
      fetchText: (url) => {
        const text = web[url]
        const missing = new Error(`GET ${url}: nobody is there`)
        return text === undefined ? Promise.reject(missing) : Promise.resolve({ text, maxAgeMs: undefined })
      },
      pods: names.map((pod) => ({
        onRequest: (tunnel, request) => {
          arrivals.push({ pod, request, authority: tunnel.authority })
          answerAsPod(pod, tunnel, request)
        },
      })),
    })
    mesh.apply(placeEndpoints(model, names))
    return new VectorMesh(mesh, arrivals, to)
  }

  /** Makes the requests of a vector, over the tunnel that its client has already. */
  async ask(vector: Vector): Promise<Outcome> {
    const to = vector.to ?? this.#defaultTo
    const { records } = this.#mesh
    const first = { record: records.length, arrival: this.#arrivals.length }
    const explanation = this.#explain(vector, to)
    const parallel = Math.min(vector.count, PARALLEL)
    let answer: Answer | undefined
    try {
      await Promise.all(
        Array.from({ length: parallel }, async (_, index) => {
          const tunnel = await this.#tunnel(vector.from, to, index)
          const share = Math.floor((vector.count + index) / parallel)
          for (let sent = 0; sent < share; sent++) answer = await this.#send(tunnel, vector)
        }),
      )
    } catch (error) {
      const refusal = error instanceof Error ? error.message : String(error)
      return { answer: undefined, refusal, arrivals: [], records: [], explanation }
    }
    const expected = first.record + vector.count
    await until(() => records.length >= expected, 'the records of the exchanges')
    return {
      answer,
      refusal: undefined,
      arrivals: this.#arrivals.slice(first.arrival),
      records: records.slice(first.record),
      explanation,
    }
  }

  close(): Promise<void> {
    return this.#mesh.close()
  }

  #explain({ request, headers, from, host, claims }: Vector, authority: string): Explanation {
    const { snapshot } = this.#mesh.plane
    assert.ok(snapshot)
    const [method = '', target = ''] = request.split(' ')
    const fields = headers.map((line): readonly [string, string] => [
      nameOf(line),
      line.slice(line.indexOf(':') + 1).trim(),
    ])
    const all: (readonly [string, string])[] = [['host', host], ...fields]
    const parsed = claims === undefined ? undefined : parseClaims(claims)
    const said = parsed === undefined ? {} : { claims: parsed }
    const client = { sourceNamespace: from, serviceAccount: 'client' }
    return explainRequest(snapshot, { authority, method, target, headers: all, ...client, ...said })
  }

  async #send(tunnel: ClientTunnel, { request, host, headers }: Vector): Promise<Answer> {
    const lines = [`${request} HTTP/1.1`, `host: ${host}`, ...headers]
    tunnel.write(`${lines.join('\r\n')}\r\n\r\n`, request.slice(0, request.indexOf(' ')))
    const answer = await tunnel.answer()
    if (!answer.head.keepAlive)
      for (const [key, other] of this.#tunnels) if (other === tunnel) this.#tunnels.delete(key)
    return answer
  }

  async #tunnel(namespace: string, to: string, index: number): Promise<ClientTunnel> {
    const key = `${namespace} ${to} ${index}`
    const known = this.#tunnels.get(key)
    if (known !== undefined) return known
    const identity = formatSpiffeId({ trustDomain: 'cluster.local', namespace, serviceAccount: 'client' })
    const client = this.#clients.get(namespace) ?? (await this.#mesh.dial({ identity }))
    this.#clients.set(namespace, client)
    const tunnel = await openTunnel(client, to)
    this.#tunnels.set(key, tunnel)
    return tunnel
  }
}

const nameOf = (line: string): string => line.slice(0, line.indexOf(': '))

const podName = (endpoint: Endpoint): string => endpoint.workload.name ?? endpoint.address

/** The model with the endpoints where the pods of this process are: addresses of a cluster lead nowhere here. */
const placeEndpoints = (model: Model, names: readonly string[]): Model => ({
  ...model,
  endpoints: model.endpoints.map((set) => ({
    ...set,
    endpoints: set.endpoints.map((endpoint) => ({
      ...endpoint,
      address: podAddress(names.indexOf(podName(endpoint))),
      transport: 'hbone',
      identity: identityOf('api'),
    })),
  })),
})

/** Answers with the pod's name; `x-answer-status` and lines `x-answer-header: name: value` ask for another answer. */
const answerAsPod = (pod: string, tunnel: PodTunnel, { head }: PodRequest): void => {
  const status = head.headers.getLower('x-answer-status') ?? '200'
  const fields = [...head.headers].flatMap(([name, value]) => (name === 'x-answer-header' ? [value] : []))
  const lines = [`HTTP/1.1 ${status} Answer`, `content-length: ${pod.length}`, ...fields]
  tunnel.write(`${lines.join('\r\n')}\r\n\r\n${head.method === 'HEAD' ? '' : pod}`)
}
