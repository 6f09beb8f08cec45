/**
 * The examples are cases too. Each folder's `objects.yaml` must come to what its `expect.yaml` says, by `fairway test`; what
 * its README asks `fairway explain` must be among that, and its commands must be such as can be given.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { parseArguments } from '../src/cli/arguments.ts'
import { imagineRequest } from '../src/cli/explain/imagined-request.ts'
import { explainFlags } from '../src/cli/explain/explain.ts'
import { decodeMesh, meshFlags } from '../src/cli/mesh-flags.ts'
import { requestOf } from '../src/cli/test/judge-request.ts'
import { readTests, type FoundTest } from '../src/cli/test/read-tests.ts'
import { runTests } from '../src/cli/test/run-tests.ts'
import type { Verb, VerbEntry } from '../src/cli/verb.ts'
import { verbs } from '../src/cli/verbs.ts'
import { commandsOf, fairwayArgs } from './support/docs/shell-commands.ts'

const root = path.join(import.meta.dirname, '..')
const folder = path.join(root, 'examples')

/** `filters` has those of filters: see filter-examples.test.ts. */
const names = readdirSync(folder).filter((name) => /^\d\d-/.test(name))

/** A file or folder of an example, if it has it. */
const found = (name: string, file: string): string | undefined =>
  existsSync(path.join(folder, name, file)) ? `examples/${name}/${file}` : undefined

const pathsOf = (name: string): readonly string[] => [`examples/${name}/objects.yaml`, `examples/${name}/expect.yaml`]

const run = (name: string) => {
  const mesh = found(name, 'mesh.yaml')
  const { flags } = parseArguments(mesh === undefined ? [] : ['--mesh-config', mesh], meshFlags)
  const filters = found(name, 'filters')
  const filtersDir = filters === undefined ? undefined : path.join(root, filters)
  return runTests(pathsOf(name), { cwd: root, mesh: decodeMesh(flags, { cwd: root, env: {} }), filtersDir })
}

const readmeOf = (name: string): string => readFileSync(path.join(folder, name, 'README.md'), 'utf8')

/** The verb that arguments begin with, and what is left for it. */
const findVerb = async (
  [first, ...rest]: readonly string[],
  entries: readonly VerbEntry[] = verbs,
): Promise<{ readonly verb: Verb; readonly args: readonly string[] } | undefined> => {
  const entry = entries.find(({ name }) => name === first)
  if (entry === undefined) return undefined
  return 'verbs' in entry ? findVerb(rest, entry.verbs) : { verb: await entry.load(), args: rest }
}

const FILE_FLAGS = new Set(['file', 'filters', 'mesh-config'])

/** What is wrong with a command. */
const refuse = async (args: readonly string[]): Promise<string | undefined> => {
  if (args.includes('--help') || args[0] === '--version') return undefined
  const meant = await findVerb(args)
  if (meant === undefined) return 'there is no such verb'
  const { flags } = parseArguments(meant.args, meant.verb.flags, Infinity)
  const files = Object.entries(flags).flatMap(([name, value]): readonly unknown[] =>
    FILE_FLAGS.has(name) ? [value].flat() : [],
  )
  return files
    .filter((file): file is string => typeof file === 'string' && file.startsWith('examples/'))
    .filter((file) => !existsSync(path.join(root, file)))
    .map((file) => `${file} is not there`)[0]
}

/** One question, in a form that is the same for the same question. */
const questionOf = (request: ReturnType<typeof imagineRequest>): string =>
  [request.authorities.join(), ...[...request.parameters].map((pair) => pair.join('='))].toSorted().join('\n')

const isExpected = (args: readonly string[], tests: readonly FoundTest[]): boolean => {
  const { flags, positionals } = parseArguments(args, explainFlags, 2)
  const asked = questionOf(imagineRequest(positionals, flags))
  return tests.some(({ requests }) =>
    requests.some((request) => questionOf(requestOf(request, 'cluster.local')) === asked),
  )
}

it('there are examples', () => assert.ok(names.includes('01-canary')))

for (const name of names) {
  const { files, coverage } = await run(name)
  describe(`example ${name}`, () => {
    for (const { findings, judgements } of files) {
      it('is understood as a whole', () => assert.equal(findings, undefined))
      for (const { what, failures } of judgements) it(what, () => assert.deepEqual(failures, []))
    }
    it('asks for every rule', () => assert.deepEqual(coverage.untested, []))
    it('its README says what it is', () => {
      assert.match(readmeOf(name), new RegExp(`^# ${name.slice(0, 2)} · `))
    })
    for (const command of commandsOf(readmeOf(name))) {
      const args = fairwayArgs(command)
      if (args === undefined) continue
      it(`its README can say: ${command.join(' ')}`, async () => {
        assert.equal(await refuse(args), undefined)
        if (args[0] === 'explain')
          assert.ok(isExpected(args.slice(1), readTests(pathsOf(name), root)), 'is in expect.yaml')
      })
    }
  })
}
