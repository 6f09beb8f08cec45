import * as grpc from '@grpc/grpc-js'
import { EchoClient, createEchoServer, echoService, listen } from '../peers/grpc-echo.ts'
import type { EchoLog } from '../peers/grpc-echo.ts'
import { openDoor } from './door.ts'
import type { Door } from './door.ts'
import { Mesh } from './mesh.ts'
import type { MeshOptions } from './mesh.ts'

/** How a unary call ended. */
export interface CallOutcome {
  readonly error: grpc.ServiceError | null
  readonly value: Buffer | undefined
  readonly trailers: grpc.Metadata
}

/** A waypoint between grpc-js as client and grpc-js as server. */
export class GrpcMesh {
  readonly mesh: Mesh
  readonly door: Door
  readonly client: grpc.Client
  readonly server: grpc.Server
  readonly log: EchoLog
  readonly serverPort: number
  readonly #others: grpc.Server[] = []

  private constructor(mesh: Mesh, door: Door, echo: ReturnType<typeof createEchoServer>, serverPort: number) {
    this.mesh = mesh
    this.door = door
    this.server = echo.server
    this.log = echo.log
    this.serverPort = serverPort
    this.client = new EchoClient(`127.0.0.1:${door.port}`, grpc.credentials.createInsecure(), {
      'grpc.max_receive_message_length': 8 * 1024 * 1024,
    })
  }

  static async start(options: MeshOptions = {}): Promise<GrpcMesh> {
    const echo = createEchoServer()
    const port = await listen(echo.server)
    const mesh = await Mesh.start({ protocol: 'grpc', ...options })
    mesh.apply(mesh.model({ api: [mesh.endpoint('127.0.0.1', { transport: 'plain', port })] }))
    return new GrpcMesh(mesh, await openDoor(mesh), echo, port)
  }

  /** Another server of the same service; its port and what it saw. */
  async startOther(): Promise<{ readonly server: grpc.Server; readonly log: EchoLog; readonly port: number }> {
    const echo = createEchoServer()
    this.#others.push(echo.server)
    return { ...echo, port: await listen(echo.server) }
  }

  /** Sends what comes from now on to these ports. */
  put(...ports: readonly number[]): void {
    const { mesh } = this
    mesh.apply(mesh.model({ api: ports.map((port) => mesh.endpoint('127.0.0.1', { transport: 'plain', port })) }))
  }

  call(message: Buffer | string, options: grpc.CallOptions = {}): Promise<CallOutcome> {
    const { path, requestSerialize, responseDeserialize } = echoService.unary
    return new Promise((resolve) => {
      let error: grpc.ServiceError | null = null
      let value: Buffer | undefined
      const request = this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        Buffer.from(message),
        new grpc.Metadata(),
        options,
        (failure, answer) => {
          error = failure
          value = answer
        },
      )
      request.on('status', ({ metadata }) => setImmediate(() => resolve({ error, value, trailers: metadata })))
    })
  }

  chat(): Chat {
    const { path, requestSerialize, responseDeserialize } = echoService.chat
    return new Chat(this.client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize))
  }

  async close(): Promise<void> {
    this.client.close()
    for (const server of [this.server, ...this.#others]) server.forceShutdown()
    this.door.close()
    await this.mesh.close()
  }
}

/** A call that streams both ways, one word at a time. */
export class Chat {
  readonly stream: grpc.ClientDuplexStream<Buffer, Buffer>
  /** How it ended. */
  readonly status: Promise<grpc.StatusObject>
  readonly #heard: Buffer[] = []
  #tell: (() => void) | undefined
  #ended: grpc.StatusObject | undefined

  constructor(stream: grpc.ClientDuplexStream<Buffer, Buffer>) {
    this.stream = stream
    stream.on('error', () => {})
    stream.on('data', (piece: Buffer) => {
      this.#heard.push(piece)
      this.#tell?.()
    })
    this.status = new Promise((resolve) => {
      stream.on('status', (status: grpc.StatusObject) => {
        this.#ended = status
        this.#tell?.()
        resolve(status)
      })
    })
  }

  /** Says a word and waits for what comes back; an error with the status, when the call has ended without it. */
  async say(word: string): Promise<string> {
    this.stream.write(Buffer.from(word))
    while (this.#heard.length === 0) {
      if (this.#ended !== undefined) {
        const { code, details } = this.#ended
        throw new Error(`the call ended with status ${code} (${details}) before "${word}" was answered`)
      }
      await new Promise<void>((resolve) => (this.#tell = resolve))
    }
    return String(this.#heard.shift())
  }
}
