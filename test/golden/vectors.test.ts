/**
 * Vectors: requests to sets of objects, and what client and pod must see of them. Each file goes through loader,
 * translation and compilation into a real data plane with real tunnels; the explanation of each request must agree with
 * what became of it. `vectors/mesh.yaml` has what all files have: the waypoint, its Services, and pods.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { checkOutcome, faultsOf } from '../support/vectors/check-outcome.ts'
import { readVectorFile } from '../support/vectors/vector-file.ts'
import type { VectorFile } from '../support/vectors/vector-file.ts'
import { translateFile, VectorMesh } from '../support/vectors/vector-mesh.ts'

const folder = join(import.meta.dirname, 'vectors')
const common = readFileSync(join(folder, 'mesh.yaml'), 'utf8')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml') && name !== 'mesh.yaml')
  .toSorted()
  .map((name) => readVectorFile(join(folder, name)))

/** Enough for 1,000 requests on a busy machine, and for a wait that is in vain to be told as such. */
const TIMEOUT_MS = 30_000

/** Vectors marked `todo` that hold. */
const done: string[] = []

const declare = (file: VectorFile): void => {
  describe(`${file.name}: ${file.about}`, () => {
    const { model, conditions } = translateFile(file, common)
    let mesh: VectorMesh
    before(async () => {
      mesh = await VectorMesh.start(model, file)
    })
    after(() => mesh.close())
    it('has these faults and no others', { todo: file.faultsTodo }, () => {
      assert.deepEqual(faultsOf(conditions).toSorted(), file.faults.toSorted())
    })
    for (const vector of file.cases) {
      it(vector.name, { todo: vector.todo, timeout: TIMEOUT_MS }, async () => {
        checkOutcome(vector, await mesh.ask(vector))
        if (vector.todo !== undefined) done.push(`${file.name}: ${vector.name}`)
      })
    }
  })
}

for (const file of files) declare(file)

it('what holds is not marked as still to do', () => assert.deepEqual(done, []))

it('there are at least 250 vectors, each with a name of its own in its file', (context) => {
  const count = files.reduce((sum, { cases }) => sum + cases.length, 0)
  context.diagnostic(`${count} vectors in ${files.length} files`)
  assert.ok(count >= 250, `${count} vectors`)
  for (const { name, cases } of files) {
    assert.equal(new Set(cases.map((vector) => vector.name)).size, cases.length, `${name}: a name is there twice`)
  }
})
