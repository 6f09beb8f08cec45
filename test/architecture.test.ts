import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import manifest from '../package.json' with { type: 'json' }
import {
  PACKAGE_ROOMS,
  type Rule,
  type SourceFile,
  checkCycles,
  checkDefaultExports,
  checkFilters,
  checkFloorPlan,
  checkNames,
  checkNetworks,
  checkPackages,
  checkPurity,
  checkSizes,
  readSources,
} from './support/architecture.ts'

const RULES: Readonly<Record<string, Rule>> = {
  'floor plan': checkFloorPlan,
  packages: checkPackages,
  'no cycles': checkCycles,
  sizes: checkSizes,
  'pure rooms': checkPurity,
  names: checkNames,
  'default exports': checkDefaultExports,
  filters: checkFilters,
  networks: checkNetworks,
}

const sources = readSources(path.resolve(import.meta.dirname, '..'))

for (const [name, rule] of Object.entries(RULES)) {
  test(`the house keeps to its rules: ${name}`, () => {
    assert.deepEqual(rule(sources), [])
  })
}

test('what rooms use is installed with the package, in one version each', () => {
  const { dependencies, devDependencies } = manifest
  for (const name of Object.keys(PACKAGE_ROOMS)) assert.ok(name in dependencies, `${name} is not in dependencies`)
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    assert.match(version, /^[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9a-z.]+)?$/, `${name} is ${version}`)
  }
})

test('the rules see the house', () => {
  assert.ok(sources.some((file) => file.path === 'src/model/model.ts'))
  assert.ok(sources.length > 20)
})

interface Case {
  readonly rule: Rule
  readonly name: string
  /** Text by path. */
  readonly files: Readonly<Record<string, string>>
  /** What the complaints must match, one for each; none when the files are fine. */
  readonly problems: readonly RegExp[]
}

/** In pieces: this file listens on none. */
const NETWORK = ['127', '71', ''].join('.')

const CASES: readonly Case[] = [
  {
    rule: checkFloorPlan,
    name: 'an import to the left is fine, also from a nested folder',
    files: { 'src/proxy/hbone/a.ts': "import { b } from '../../lib/b.ts'\nimport { c } from '../c.ts'" },
    problems: [],
  },
  {
    rule: checkFloorPlan,
    name: 'a type import to the right is refused',
    files: { 'src/model/a.ts': "import type { B } from '../proxy/b.ts'" },
    problems: [/^src\/model\/a\.ts: model must not import proxy/],
  },
  {
    rule: checkFloorPlan,
    name: 'an import over several lines is seen',
    files: { 'src/model/a.ts': "import {\n  type B,\n  c,\n} from '../http/b.ts'" },
    problems: [/model must not import http/],
  },
  {
    rule: checkFloorPlan,
    name: 'a re-export, a bare import and a dynamic import are seen',
    files: {
      'src/lib/a.ts': "export { b } from '../model/b.ts'",
      'src/lib/b.ts': "import '../model/b.ts'",
      'src/lib/c.ts': "const b = await import('../model/b.ts')",
    },
    problems: [/a\.ts/, /b\.ts/, /c\.ts/],
  },
  {
    rule: checkFloorPlan,
    name: 'the two branches do not know each other',
    files: {
      'src/config/translate/a.ts': "import { b } from '../../snapshot/b.ts'",
      'src/proxy/a.ts': "import type { B } from '../config/objects/b.ts'",
    },
    problems: [/config\/translate must not import snapshot/, /proxy must not import config\/objects/],
  },
  {
    rule: checkFloorPlan,
    name: 'rooms inside config are apart',
    files: { 'src/config/objects/a.ts': "import { b } from '../translate/b.ts'" },
    problems: [/config\/objects must not import config\/translate/],
  },
  {
    rule: checkFloorPlan,
    name: 'a unit test keeps to its room, and may use test/support',
    files: {
      'src/lib/a.test.ts': "import { b } from '../../test/support/b.ts'\nimport { c } from '../cli/c.ts'",
      'src/lib/a.ts': "import { b } from '../../test/support/b.ts'",
    },
    problems: [/a\.test\.ts: lib must not import cli/, /lib\/a\.ts: lib must not import what is in no room/],
  },
  {
    rule: checkFloorPlan,
    name: 'nothing imports the composition root but the command line',
    files: {
      'src/cli/a.ts': "import { b } from '../app.ts'",
      'src/admin/a.ts': "import { b } from '../app.ts'",
      'src/app.ts': "import { b } from './cli/b.ts'",
    },
    problems: [/admin must not import app/, /app must not import cli/],
  },
  {
    rule: checkFloorPlan,
    name: 'a new room has to enter the plan first',
    files: { 'src/attic/a.ts': '', 'src/stray.ts': '' },
    problems: [/attic\/a\.ts: stands in no room/, /stray\.ts: stands in no room/],
  },
  {
    rule: checkFloorPlan,
    name: 'what a comment says is no import',
    files: { 'src/lib/a.ts': "// import { b } from '../cli/b.ts'\n/**\nimport { b } from '../cli/b.ts'\n */" },
    problems: [],
  },
  {
    rule: checkPackages,
    name: 'packages stay in their rooms, with their subpaths',
    files: {
      'src/filter/app/a.ts': "import fastify from 'fastify'",
      'src/proxy/a.ts': "import { parse } from 'yaml'",
      'src/telemetry/a.ts': "import x from '@scope/name/sub'",
    },
    problems: [/yaml must not be seen in proxy/, /@scope\/name must not be seen in telemetry/],
  },
  {
    rule: checkPackages,
    name: 'a package that nobody decided on is refused',
    files: { 'src/lib/a.ts': "import x from 'left-over'\nimport fs from 'node:fs'" },
    problems: [/left-over must not be seen in lib/],
  },
  {
    rule: checkCycles,
    name: 'a cycle of types is a cycle, and is reported once',
    files: {
      'src/lib/a.ts': "import type { B } from './b.ts'",
      'src/lib/b.ts': "import type { C } from './c.ts'",
      'src/lib/c.ts': "import type { A } from './a.ts'",
    },
    problems: [/a\.ts: imports itself through src\/lib\/b\.ts → src\/lib\/c\.ts → src\/lib\/a\.ts/],
  },
  {
    rule: checkCycles,
    name: 'two ways to one file are no cycle',
    files: {
      'src/lib/a.ts': "import { b } from './b.ts'\nimport { c } from './c.ts'",
      'src/lib/b.ts': "import { c } from './c.ts'",
      'src/lib/c.ts': "import fs from 'node:fs'",
    },
    problems: [],
  },
  {
    rule: checkCycles,
    name: 'a file that imports itself is a cycle',
    files: { 'src/lib/a.ts': "import { b } from './a.ts'" },
    problems: [/imports itself/],
  },
  {
    rule: checkSizes,
    name: '400 lines pass, 401 do not',
    files: { 'src/lib/a.ts': 'x\n'.repeat(400), 'src/lib/b.ts': 'x\n'.repeat(401) },
    problems: [/b\.ts: 401 lines/],
  },
  {
    rule: checkSizes,
    name: '12 files to a folder pass, 13 do not; tests do not count, folders by kind are free',
    files: {
      ...numbered('src/lib', 12),
      ...numbered('src/lib', 20, '.test.ts'),
      ...numbered('src/http', 13),
      ...numbered('src/config/objects', 20),
    },
    problems: [/^src\/http: 13 source files/],
  },
  {
    rule: checkPurity,
    name: 'modules for the outside are refused in pure rooms only',
    files: {
      'src/snapshot/a.ts': "import fs from 'node:fs'",
      'src/http/h1/a.ts': "import { connect } from 'node:net'",
      'src/config/translate/a.ts': "import { isIP } from 'node:net'",
      'src/config/source/a.ts': "import fs from 'node:fs'",
      'src/model/a.test.ts': "import fs from 'node:fs'",
    },
    problems: [/snapshot must not use node:fs/, /http must not use node:net/],
  },
  ...['Date.now()', 'new Date()', 'Math.random()', 'setTimeout(f, 1)', 'process.env', 'performance.now()'].map(
    (call): Case => ({
      rule: checkPurity,
      name: `${call} is refused in pure rooms only`,
      files: { 'src/filter/a.ts': `const a = ${call}`, 'src/lib/a.ts': `const a = ${call}` },
      problems: [/^src\/filter\/a\.ts: filter must not use/],
    }),
  ),
  {
    rule: checkPurity,
    name: 'a date made from a value, and talk of time, are fine',
    files: { 'src/model/a.ts': 'const a = new Date(b) // not Date.now(), which moves' },
    problems: [],
  },
  {
    rule: checkNames,
    name: 'names that say nothing are refused',
    files: {
      'src/lib/utils.ts': '',
      'src/lib/string-helpers.ts': '',
      'src/lib/common.ts': '',
      'src/proxy/pool-manager.ts': '',
      'src/http/types.ts': '',
      'src/http/content-type-match.ts': '',
    },
    problems: [/utils/, /helpers/, /common/, /manager/, /types/],
  },
  {
    rule: checkNames,
    name: 'index.ts stands in two places only',
    files: { 'src/filter/index.ts': '', 'filters/index.ts': '', 'src/http/index.ts': '', 'filters/cors/index.ts': '' },
    problems: [/src\/http\/index/, /filters\/cors\/index/],
  },
  {
    rule: checkNames,
    name: 'names are kebab-case',
    files: { 'src/lib/headerList.ts': '', 'src/lib/header_list.ts': '', 'src/lib/header-list.test.ts': '' },
    problems: [/headerList/, /header_list/],
  },
  {
    rule: checkDefaultExports,
    name: 'default exports are for filters',
    files: {
      'filters/cors/cors.ts': 'export default {}',
      'src/lib/a.ts': 'const a = 1\nexport default a',
      'src/lib/b.ts': 'export { b as default }',
      'src/lib/c.ts': '// export default\nexport const c = "export default"',
    },
    problems: [/lib\/a\.ts/, /lib\/b\.ts/],
  },
  {
    rule: checkFilters,
    name: 'a filter imports the contract, and what it shares with other filters',
    files: {
      'filters/a/a.ts': "import { schema, type Filter } from 'fairway/filter'\nimport { b } from '../b.ts'",
      'filters/a/a.test.ts': "import { harness } from 'fairway/filter/testing'",
      'filters/index.ts': "import a from './a/a.ts'",
    },
    problems: [],
  },
  {
    rule: checkFilters,
    name: 'a filter imports nothing else',
    files: {
      'filters/a/a.ts': "import { harness } from 'fairway/filter/testing'",
      'filters/b/b.ts': "import type { HeaderList } from '../../src/http/header-list.ts'",
      'filters/c/c.ts': "import fs from 'node:fs'",
      'filters/d/d.ts': "import { parse } from 'yaml'",
    },
    problems: [/a\.ts/, /b\.ts/, /c\.ts/, /d\.ts/],
  },
  {
    rule: checkNetworks,
    name: 'test files that may run at once listen on networks of their own',
    files: {
      'test/e2e/a.test.ts': `const network = '${NETWORK}4'; const same = '${NETWORK}4.1'`,
      'test/e2e/b.test.ts': `const network = '${NETWORK}40'`,
      'test/e2e/c.long.ts': `const network = '${NETWORK}4'`,
      'test/e2e/d.test.ts': `const network = '${NETWORK}4'`,
    },
    problems: [/^test\/e2e\/d\.test\.ts: listens on .*4, as test\/e2e\/a\.test\.ts does/],
  },
]

function numbered(folder: string, count: number, suffix = '.ts'): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${folder}/file-${i}${suffix}`, '']))
}

for (const { rule, name, files, problems } of CASES) {
  test(`architecture rule: ${name}`, () => {
    const input: SourceFile[] = Object.entries(files).map(([file, text]) => ({ path: file, text }))
    const found = rule(input)
    assert.equal(found.length, problems.length, found.join('\n'))
    for (const [i, problem] of problems.entries()) assert.match(found[i] ?? '', problem)
  })
}
