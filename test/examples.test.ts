/**
 * The examples are cases too. Each folder's `objects.yaml` must come to what its `expect.yaml` says, by `fairway test`; what
 * its README asks `fairway explain` must be among that, and its commands must be such as can be given.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { parseArguments } from '../src/cli/arguments.ts'
import { prepareGateway } from '../src/controller/desired/prepare-gateway.ts'
import { textAt, type LiveObject } from '../src/controller/manifest.ts'
import { parseAllDocuments } from 'yaml'
import { imagineRequest } from '../src/cli/explain/imagined-request.ts'
import { explainFlags } from '../src/cli/explain/explain-flags.ts'
import { decodeMesh, meshFlags } from '../src/cli/mesh-flags.ts'
import { requestOf } from '../src/cli/test/judge-request.ts'
import { readTests, type FoundTest } from '../src/cli/test/read-tests.ts'
import { runTests } from '../src/cli/test/run-tests.ts'
import type { Verb, VerbEntry } from '../src/cli/verb.ts'
import { verbs } from '../src/cli/verbs.ts'
import { runProgram } from '../src/cli/program.ts'
import { waypointSettings } from './support/kube/waypoint-settings.ts'
import { createTerminal } from './support/terminal.ts'
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

const HEADINGS = ['The objects', 'Run it here', 'What you see', 'On a cluster', 'What goes wrong']

/** What `fairway explain` and `fairway test` print when they are called as the README does. */
const printedBy = async (name: string): Promise<readonly string[]> => {
  const calls = commandsOf(readmeOf(name))
    .map((command) => fairwayArgs(command) ?? [])
    .filter(([verb = '']) => ['explain', 'test'].includes(verb))
  const printed: string[] = []
  for (const args of calls) {
    const terminal = createTerminal({ cwd: root })
    await runProgram({ version: '0', verbs }, args, terminal)
    printed.push(terminal.stdout())
  }
  return printed
}

/** Blocks of the README that show what these verbs have printed. */
const shownIn = (name: string): readonly string[] =>
  Array.from(readmeOf(name).matchAll(/^```\n([^]*?)^```$/gm), ([, block = '']) => block).filter((block) =>
    /^(?:[A-Z]+ http:\/\/|tcp:\/\/|tls:\/\/|examples\/\S+\.yaml$)/m.test(block.split('\n')[0] ?? ''),
  )

/** The Gateways of an example, as the controller would make waypoints of them. */
const refusalsOf = (name: string): readonly unknown[] => {
  const yaml = ['objects.yaml', 'keda.yaml'].flatMap((file) => found(name, file) ?? [])
  const objects = yaml.flatMap((file) =>
    parseAllDocuments(readFileSync(path.join(root, file), 'utf8')).map((document) => document.toJS() as LiveObject),
  )
  const of = (kind: string): readonly LiveObject[] => objects.filter((object) => object.kind === kind)
  const keyOf = (object: LiveObject): string =>
    `${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`
  const configMaps = new Map(of('ConfigMap').map((object) => [keyOf(object), object]))
  return of('Gateway').flatMap((gateway) => {
    const { refusal } = prepareGateway(gateway, {
      gatewayClass: { metadata: { name: textAt(gateway, 'spec', 'gatewayClassName') } },
      configMaps,
      systemNamespace: 'fairway-system',
      settings: waypointSettings,
      reach: { namespaces: ['demo'], certificates: [], secrets: [] },
    })
    return refusal ?? []
  })
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
    it('the controller would make a waypoint of its Gateway', () => assert.deepEqual(refusalsOf(name), []))
    it('its README has the form of all', () => {
      const headings = Array.from(readmeOf(name).matchAll(/^## (.*)$/gm), ([, heading]) => heading)
      assert.deepEqual(headings, HEADINGS)
    })
    it('its README shows what is printed', async () => {
      const printed = await printedBy(name)
      for (const block of shownIn(name))
        assert.ok(
          printed.some((text) => text.includes(block)),
          block,
        )
    })
    it('is in the index', () => {
      assert.ok(readFileSync(path.join(folder, 'README.md'), 'utf8').includes(`](${name}/README.md)`))
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
