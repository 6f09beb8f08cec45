import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { eventually } from './support/eventually.ts'
import { runArguments, startProcess, type FairwayProcess, workerCounts } from './support/fairway-process.ts'
import { startIstiod, type Istiod } from './support/identity/istiod.ts'
import { createMesh } from './support/mesh.ts'
import { gateway } from './support/objects.ts'
import { loseIstiod } from './support/identity/outage.ts'

/** `fairway run` whose CA is not there yet, and where it says how it is. */
const startWithoutCa = async (workers: number, istiod: Istiod, file: string): Promise<[FairwayProcess, string]> => {
  istiod.ca.stop()
  const args = runArguments({ files: [file], certs: '/nowhere', workers, flags: istiod.flags })
  const child = startProcess(args, { env: { ...istiod.env } })
  try {
    const line = await child.waitForLog('that it waits', ({ message }) => String(message).startsWith('waiting for '))
    return [child, String(line['ready'])]
  } catch (error) {
    await child[Symbol.asyncDispose]()
    throw error
  }
}

for (const workers of workerCounts(1)) {
  describe(`a CA that is not there, with --workers ${workers}`, () => {
    it('is waited for, with the reason at hand, and everything starts when it comes', async () => {
      await using istiod = await startIstiod(60_000)
      await using mesh = await createMesh([gateway], istiod.ca)
      const [child, ready] = await startWithoutCa(workers, istiod, mesh.objectsFile)
      await using _ = child
      const said = await eventually('a reason', async () => {
        const response = await fetch(`http://${ready}/healthz/ready`)
        assert.equal(response.status, 503)
        const text = await response.text()
        return text.includes(': ') && text
      })
      const { address } = istiod.ca
      assert.ok(said.startsWith(`waiting for a certificate from istiod at ${address}: UNAVAILABLE: `), said)
      await istiod.ca.start()
      const { admin } = await child.waitForLog('ready', ({ event }) => event === 'ready')
      assert.equal((await fetch(`http://${ready}/healthz/ready`)).status, 200)
      assert.match(await (await fetch(`http://${String(admin)}/certs`)).text(), /"troubles":\[\]/)
    })

    it('keeps nobody from ending it', async () => {
      await using istiod = await startIstiod(60_000)
      await using mesh = await createMesh([gateway], istiod.ca)
      const [child] = await startWithoutCa(workers, istiod, mesh.objectsFile)
      await using _ = child
      child.kill('SIGTERM')
      assert.deepEqual(await child.ended, { code: 0, signal: null })
    })
  })
}

// Certificates last for seconds at least: it takes fifteen.
for (const workers of workerCounts(0)) {
  it(`a CA that is gone for longer than a certificate lasts (${workers} workers)`, async (t) => {
    const report = await loseIstiod({ network: '127.71.71', workers, ttlMs: 4000, downMs: 6000 })
    t.diagnostic(`${report.requests} requests, ${report.attempts} attempts, back after ${report.recoveredMs} ms`)
    assert.deepEqual(report.unreadyWhileValid, [])
    assert.deepEqual(report.readyWhenExpired, [])
    assert.match(report.reason, /^the certificate has expired: UNAVAILABLE: /)
    assert.deepEqual(report.failures, [])
  })
}

it('a second copy is told of its ports before it waits for anybody', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  // It listens on a port of IPv4.
  const { port } = taken.address() as AddressInfo
  await using istiod = await startIstiod(60_000)
  await using mesh = await createMesh([gateway], istiod.ca)
  istiod.ca.stop()
  const flags = [...istiod.flags, '--hbone-port', String(port)]
  const child = startProcess(runArguments({ files: [mesh.objectsFile], certs: '/nowhere', workers: 1, flags }), istiod)
  await using _ = child
  assert.equal((await child.ended).code, 78)
  taken.close()
})
