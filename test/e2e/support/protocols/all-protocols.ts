/** A waypoint with one Service of each kind behind it: HTTP, gRPC and bytes. */
import { once } from 'node:events'
import { connect, type ClientHttp2Stream } from 'node:http2'
import * as grpc from '@grpc/grpc-js'
import { createEchoServer } from '../../../support/peers/grpc-echo.ts'
import { serveTcp } from '../../../support/tls/tls-app.ts'
import type { RunningFairway } from '../fairway-process.ts'
import type { HboneClient } from '../hbone-client.ts'
import { createMesh } from '../mesh.ts'
import { gateway, service } from '../objects.ts'

const ports = { web: 9001, calls: 9002, echo: 9003 }
const vips = { web: '10.96.0.10', calls: '10.96.0.11', echo: '10.96.0.12' }

export type ServiceName = keyof typeof vips

export interface AllProtocols extends AsyncDisposable {
  readonly fairway: RunningFairway
  readonly client: HboneClient
  /** The page that Prometheus reads. */
  readonly scrape: () => Promise<string>
  /** Has these objects beside those that are there from the start, and no others. */
  readonly write: (more: readonly object[]) => void
  /** One request to Service `web`; its status. */
  readonly request: (path?: string) => Promise<number>
  /** One call of a method of `echo.Echo` at Service `calls` with these messages, up to its end. */
  readonly call: (method: 'Unary' | 'Collect', messages: readonly string[]) => Promise<void>
  /** Opens a connection to one of them. */
  readonly open: (name: ServiceName) => Promise<ClientHttp2Stream>
}

export interface AllProtocolsOptions {
  /** The first three numbers of addresses that nobody else has. */
  readonly network: string
  readonly workers: number
  /** More than those of the Services. */
  readonly objects?: readonly object[]
  readonly flags?: readonly string[]
}

/** Starts all of it; disposing of it ends it. */
export const startAllProtocols = async ({
  network,
  workers,
  objects = [],
  flags = [],
}: AllProtocolsOptions): Promise<AllProtocols> => {
  await using opening = new AsyncDisposableStack()
  const echo = createEchoServer()
  await bind(echo.server, `${addressOf(network, 'calls')}:${ports.calls}`)
  opening.defer(() => echo.server.forceShutdown())
  const at = { address: addressOf(network, 'echo'), port: ports.echo }
  opening.use(await serveTcp(at, (socket) => void socket.pipe(socket)))
  const services = [
    ...serviceOf('web', { appProtocol: 'http', network }),
    ...serviceOf('calls', { appProtocol: 'grpc', network }),
    ...serviceOf('echo', { appProtocol: 'tcp', network }),
  ]
  const started = [gateway, ...services, ...objects]
  const mesh = opening.use(await createMesh(started))
  await mesh.startPod('web', { address: addressOf(network, 'web'), port: ports.web })
  const fairway = await mesh.startFairway(workers, flags)
  const client = await mesh.dial(fairway, 'shop/client')
  const open = async (name: ServiceName): Promise<ClientHttp2Stream> => {
    const { status, stream } = await client.connect(`${vips[name]}:80`)
    if (status !== 200) throw new Error(`CONNECT was answered ${status}`)
    return stream
  }
  const all = opening.move()
  return {
    fairway,
    client,
    scrape: async () => (await fetch(`http://${fairway.addresses.metrics}/stats/prometheus`)).text(),
    write: (more) => mesh.write([...started, ...more]),
    request: async (path = '/') => (await client.request(`${vips.web}:80`, { path })).status,
    call: async (method, messages) => callOn(await open('calls'), method, messages),
    open,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

const addressOf = (network: string, name: ServiceName): string => `${network}.${name.length}`

/** A Service whose port speaks `appProtocol`. */
const serviceOf = (
  name: ServiceName,
  { appProtocol, network }: { readonly appProtocol: string; readonly network: string },
): readonly object[] => {
  const transport = name === 'web' ? 'hbone' : 'plain'
  const endpoints = [{ address: addressOf(network, name), port: ports[name], transport } as const]
  return service({ name, vip: vips[name], endpoints }).map((object) => {
    if (!('kind' in object) || object.kind !== 'Service') return object
    const port = { name: 'http', port: 80, targetPort: ports[name], protocol: 'TCP', appProtocol }
    return {
      ...object,
      spec: { clusterIP: vips[name], clusterIPs: [vips[name]], selector: { app: name }, ports: [port] },
    }
  })
}

const bind = (server: grpc.Server, at: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.bindAsync(at, grpc.ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    )
  })

const callOn = async (tunnel: ClientHttp2Stream, method: string, messages: readonly string[]): Promise<void> => {
  const session = connect('http://calls', { createConnection: () => tunnel })
  const call = session.request({
    ':method': 'POST',
    ':path': `/echo.Echo/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  call.end(Buffer.concat(messages.map(messageOf)))
  call.resume()
  await once(call, 'end')
  session.close()
}

const messageOf = (text: string): Buffer => {
  const message = Buffer.alloc(5 + text.length)
  message.writeUInt32BE(text.length, 1)
  message.write(text, 5)
  return message
}
