import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { eventually } from './support/eventually.ts'
import { isRunning, runArguments, startProcess, workerCounts } from './support/fairway-process.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { issueTo, writeCertificates } from './support/mesh-certificates.ts'
import { formatObjects, gateway } from './support/objects.ts'

for (const workers of workerCounts(1)) {
  describe(`what keeps ${workers} workers from starting`, () => {
    let mesh: Mesh
    before(async () => {
      mesh = await createMesh([gateway])
    })
    after(() => mesh?.[Symbol.asyncDispose]())

    interface Attempt {
      readonly file?: string
      readonly certs?: string
      readonly flags?: readonly string[]
    }
    /** Runs to the end and gives what was said. */
    const fail = async ({ file, certs, flags = [] }: Attempt, code: number): Promise<string> => {
      const files = [file ?? mesh.objectsFile]
      await using child = startProcess(runArguments({ files, certs: certs ?? mesh.certs, workers, flags }))
      const ending = await child.ended
      assert.deepEqual(ending, { code, signal: null }, child.stderr())
      assert.doesNotMatch(child.stderr(), /\n\s+at .*:\d+:\d+|"event":"ready"/, 'a stack trace is never the message')
      assert.match(child.stderr(), /^fairway run: /m)
      return child.stderr()
    }

    // These come before any worker is started.
    if (workers === 1) {
      it('malformed YAML, with file, line and column', async () => {
        const file = join(mesh.dir, 'malformed.yaml')
        writeFileSync(file, `${formatObjects([gateway])}---\nkind: Service\n\tmetadata: {}\n`)
        const line = formatObjects([gateway]).split('\n').length + 2
        assert.match(await fail({ file }, 78), new RegExp(`malformed\\.yaml:${line}:\\d+: `))
      })

      it('a file that is not there', async () => {
        const said = await fail({ file: join(mesh.dir, 'nowhere.yaml') }, 78)
        assert.match(said, /nowhere\.yaml.*ENOENT|nowhere\.yaml.*no such file/)
      })

      it('no certificates', async () => {
        const certs = join(mesh.dir, 'empty')
        mkdirSync(certs)
        assert.match(await fail({ certs }, 78), /cannot use the certificates in .*empty: .*cert-chain\.pem/)
        rmSync(certs, { recursive: true })
      })

      it('a certificate that has expired', async () => {
        const options = { notBeforeMs: Date.now() - 7_200_000, ttlMs: -3_600_000 }
        const certs = writeCertificates(join(mesh.dir, 'expired'), await issueTo(mesh.ca, 'shop/waypoint', options))
        assert.match(await fail({ certs }, 78), /the certificate expired at 20/)
      })

      it('a key of another certificate', async () => {
        const credentials = await issueTo(mesh.ca, 'shop/waypoint')
        const { privateKeyPem } = await issueTo(mesh.ca, 'shop/waypoint')
        const certs = writeCertificates(join(mesh.dir, 'mixed'), { ...credentials, privateKeyPem })
        assert.match(await fail({ certs }, 78), /private key does not belong to the certificate/)
      })

      it('an address that the machine does not have', async () => {
        assert.match(await fail({ flags: ['--bind', '203.0.113.1'] }, 78), /does not have the address.*--bind/)
      })

      it('a flag with a wrong value', async () => {
        const said = await fail({ flags: ['--workers', 'many'] }, 64)
        assert.match(said, /--workers "many" is not a whole number/)
      })
    }

    for (const role of workers === 1 ? ['hbone', 'ready', 'metrics', 'admin'] : ['hbone']) {
      it(`another program on the ${role} port`, async () => {
        const server = createServer().listen(0, '127.0.0.1')
        await once(server, 'listening')
        // A TCP server has one.
        const { port } = server.address() as AddressInfo
        const said = await fail({ flags: [`--${role}-port`, String(port)] }, 78)
        assert.match(said, new RegExp(`cannot listen on 127\\.0\\.0\\.1(:| port )${port} \\(${role}\\)`))
        assert.match(said, new RegExp(`another program has the port.*--${role}-port`))
        server.close()
        await once(server, 'close')
      })
    }

    it('another fairway on the HBONE port', async () => {
      const first = await mesh.startFairway(workers)
      const port = first.addresses.hbone.split(':').at(-1) ?? ''
      assert.match(await fail({ flags: ['--hbone-port', port] }, 78), /another program has the port/)
      await first[Symbol.asyncDispose]()
    })

    it('a signal during the start ends it without leaving workers behind', async () => {
      await using child = startProcess(runArguments({ files: [mesh.objectsFile], certs: mesh.certs, workers: 2 }))
      const workersSeen = await eventually('workers', () => {
        const found = child.workers()
        return found.length > 0 ? found : undefined
      })
      child.kill('SIGTERM')
      await child.ended
      await eventually('workers to end', () => workersSeen.every((pid) => !isRunning(pid)))
    })
  })
}
