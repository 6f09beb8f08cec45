import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { splitPem } from '../../../src/identity/pem.ts'

/** What `openssl s_client` is to do. */
export interface SClientOptions {
  readonly port: number
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly ca: string
  /** Further arguments. */
  readonly args?: readonly string[]
  /** Whether it has printed all that is wanted; default: it goes on until the server ends it. */
  readonly isOver?: (output: string) => boolean
}

/** `openssl s_client`: a client that shares no TLS code with Node, which has an OpenSSL of its own. */
export class SClient implements Disposable {
  readonly #dir = mkdtempSync(join(tmpdir(), 'fairway-s-client-'))

  /** Where a session can be kept from one run to the next. */
  get sessionFile(): string {
    return join(this.#dir, 'session')
  }

  /** Connects and stays until the server ends it; all that it printed. */
  async run({ port, cert, key, ca, args = [], isOver }: SClientOptions): Promise<string> {
    // Of `-cert` it takes the first one only.
    const cas =
      splitPem('CERTIFICATE', cert ?? '')
        ?.slice(1)
        .join('\n') ?? ''
    const files = [
      ...this.#put('-CAfile', ca),
      ...this.#put('-cert', cert),
      ...this.#put('-key', key),
      ...this.#put('-cert_chain', cas === '' ? undefined : cas),
    ]
    const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...files, ...args], {
      // Standard input that ends would end it.
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (isOver?.(output) === true) child.stdin.end()
    })
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stdin.on('error', () => {})
    await once(child, 'close')
    return output
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true, force: true })
  }

  #put(flag: string, pem: string | undefined): readonly string[] {
    if (pem === undefined) return []
    const path = join(this.#dir, flag.slice(1))
    writeFileSync(path, pem)
    return [flag, path]
  }
}
