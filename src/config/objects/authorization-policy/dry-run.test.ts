import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDryRun } from './dry-run.ts'

/** As Go's `strconv.ParseBool`, which Istio reads the annotation with, has it. */
const WRITTEN: readonly (readonly [isDryRun: boolean | undefined, ...written: string[]])[] = [
  [true, '1', 't', 'T', 'true', 'TRUE', 'True'],
  [false, '0', 'f', 'F', 'false', 'FALSE', 'False'],
  [undefined, '', 'yes', 'on', 'tRUE', ' true', '2'],
]

for (const [isDryRun, ...all] of WRITTEN) {
  for (const written of all) {
    test(`istio.io/dry-run ${JSON.stringify(written)} is ${isDryRun}`, () => {
      assert.equal(readDryRun({ annotations: { 'istio.io/dry-run': written } }), isDryRun)
    })
  }
}

test('a policy without the annotation is carried out', () => assert.equal(readDryRun({ annotations: {} }), false))
