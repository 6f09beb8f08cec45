import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { builtinFilters } from '../../../filters/index.ts'
import { loadObjects } from '../../../src/config/load-objects.ts'
import { readObject, type ReadObject } from '../../../src/config/objects/read-object.ts'
import { createPlacing } from '../../../src/config/source/locate.ts'
import { parseText } from '../../../src/config/source/parse-text.ts'
import { translate } from '../../../src/config/translate/translate.ts'
import { createFilterInstances } from '../../../src/filter/instances.ts'
import type { Issue } from '../../../src/lib/decoded.ts'
import { compile } from '../../../src/snapshot/compile.ts'
import type { FuzzTarget } from '../engine/target.ts'
import { mutateObjects } from '../mutate/objects.ts'

const ROOT = path.join(import.meta.dirname, '../../..')
const FOLDERS = ['test/golden', 'examples']

/**
 * Any text as a configuration: it is read, decoded, translated and compiled without a throw. What is wrong with it is
 * said, at a place that the text has.
 */
export const objectsTarget: FuzzTarget = {
  name: 'objects',
  format: 'text',
  maxInputBytes: 16_384,
  shortRounds: 60,
  seeds: () =>
    FOLDERS.flatMap((folder) =>
      fs
        .globSync(`${folder}/*/objects.yaml`, { cwd: ROOT })
        .toSorted()
        .map((file) => fs.readFileSync(path.join(ROOT, file))),
    ),
  mutate: mutateObjects,
  check,
}

function check(input: Buffer): string {
  const text = input.toString('utf8')
  const lines = text.split('\n').length
  const parsed = parseText('objects.yaml', text, { decode: readObject })
  if (!parsed.ok) {
    checkIssues(parsed.issues, lines)
    return parsed.issues.map(({ message }) => message.slice(0, 20)).join()
  }
  const { objects, issues } = loadObjects(createPlacing<ReadObject>(() => text)('objects.yaml', parsed.items))
  checkIssues(issues, lines)
  const { model, conditions } = translate(objects, {
    clusterDomain: 'cluster.local',
    trustDomain: 'cluster.local',
    rootNamespace: 'istio-system',
    pathNormalization: 'BASE',
  })
  for (const { message } of conditions) assert.ok(message !== '')
  const filters = createFilterInstances(builtinFilters, { now: () => 0, random: () => 0, log: () => {} }).make
  const snapshot = compile(model, { generation: 1, filters })
  const said = [...new Set([...issues.map(({ message }) => message), ...conditions.map(({ reason }) => reason)])]
  return `${snapshot.frontends.size} ${said.map((message) => message.slice(0, 24)).join()}`
}

function checkIssues(issues: readonly Issue[], lines: number): void {
  for (const { message, position } of issues) {
    assert.ok(message !== '', 'an issue that says nothing')
    if (position !== undefined) assert.ok(position.line >= 1 && position.line <= lines && position.column >= 1)
  }
}
