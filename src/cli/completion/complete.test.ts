import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlagTable } from '../flag-table.ts'
import type { Verb, VerbEntry } from '../verb.ts'
import { complete, type FindNames } from './complete.ts'

const flags = {
  file: { type: 'string', short: 'f', multiple: true, value: 'PATH', help: 'a file; repeatable' },
  output: { type: 'string', short: 'o', value: 'FORMAT', choices: ['table', 'json'], help: 'table, json' },
  'access-log': { type: 'string', value: 'json|text|off', help: 'to stdout' },
  workers: { type: 'string', value: 'N|auto', help: 'processes' },
  data: { type: 'string', value: 'TEXT|@FILE', help: 'a body' },
  dir: { type: 'string', value: 'DIR', help: 'a folder' },
  namespace: { type: 'string', short: 'n', value: 'NAMESPACE', help: 'a namespace' },
  gateway: { type: 'string', value: 'NS/NAME', help: 'a Gateway' },
  context: { type: 'string', value: 'CONTEXT', help: 'a context' },
  wait: { type: 'boolean', short: 'w', help: 'wait for it' },
} as const satisfies FlagTable

const verb = (positionals: readonly string[]): Verb => ({ help: '', flags, positionals, run: async () => 0 })

const single = (name: string, positionals: readonly string[] = []): VerbEntry => ({
  name,
  summary: `${name} it`,
  load: async () => verb(positionals),
})

const verbs: readonly VerbEntry[] = [
  single('run'),
  single('request', ['URL', 'PATH']),
  single('ask', ['METHOD', '[KIND/]NAME']),
  { name: 'waypoint', summary: 'waypoints', examples: [], verbs: [single('show', ['GATEWAY…']), single('stop')] },
]

const findNames: FindNames = async (kind, { given }) => [
  { value: `${kind}-a`, about: `of ${given['namespace']?.join() ?? 'none'}` },
  { value: `${kind}-b` },
]

const allFlags = `${Object.entries(flags)
  .map(([name, { help }]) => `--${name}\t${help.replace(/;.*/, '')}`)
  .join('\n')}\n--help\tprint the help\n`

const cases: readonly (readonly [words: readonly string[], answer: string])[] = [
  [[''], 'run\trun it\nrequest\trequest it\nask\task it\nwaypoint\twaypoints\nhelp\tthe help of a verb\n:4\n'],
  [[], 'run\trun it\nrequest\trequest it\nask\task it\nwaypoint\twaypoints\nhelp\tthe help of a verb\n:4\n'],
  [['re'], 'request\trequest it\n:4\n'],
  [['-'], '--help\tprint the help\n--version\tprint the version\n:4\n'],
  [['waypoint', ''], 'show\tshow it\nstop\tstop it\n:4\n'],
  [['waypoint', '-'], '--help\tprint the help\n:4\n'],
  [['help', 'waypoint', 'st'], 'stop\tstop it\n:4\n'],
  [['help', 'run', ''], ':4\n'],
  [['nonsense', ''], ':4\n'],
  [['run', '-'], `${allFlags}:4\n`],
  [['run', '--wa'], '--wait\twait for it\n:4\n'],
  // Once is enough but for what may come again.
  [['run', '--wait', '--wa'], ':4\n'],
  [['run', '-f', 'x', '--fi'], '--file\ta file\n:4\n'],
  [['run', '--output', ''], 'table\njson\n:4\n'],
  [['run', '-o', 'js'], 'json\n:4\n'],
  [['run', '--output=js'], '--output=json\n:4\n'],
  [['run', '--access-log', ''], 'json\ntext\noff\n:4\n'],
  [['run', '--workers', ''], 'auto\n:4\n'],
  [['run', '--data', ''], ':4\n'],
  [['run', '--dir', ''], ':16\n'],
  [['run', '-f', ''], ':0\n'],
  [['run', '--file=./'], ':0\n'],
  [['run', '-wf', ''], ':0\n'],
  [['run', ''], ':4\n'],
  [['run', '--wait=', ''], ':4\n'],
  [['run', '--nonsense', ''], ':4\n'],
  [['run', '--nonsense='], ':4\n'],
  [['run', '--__proto__='], ':4\n'],
  [['run', '-n', ''], 'namespace-a\tof none\nnamespace-b\n:4\n'],
  [['run', '--context', ''], 'context-a\tof none\ncontext-b\n:4\n'],
  [['run', '-n', 'shop', '--gateway', ''], 'gateway-of-any-namespace-a\tof shop\ngateway-of-any-namespace-b\n:4\n'],
  [['run', '--gateway=gateway-of-any-namespace-b'], '--gateway=gateway-of-any-namespace-b\n:4\n'],
  [['waypoint', 'show', ''], 'gateway-a\tof none\ngateway-b\n:4\n'],
  [['waypoint', 'show', 'x', '-nshop', '--namespace=pay', 'y', ''], 'gateway-a\tof shop,pay\ngateway-b\n:4\n'],
  [['waypoint', 'show', '--', '-o', '-x'], ':4\n'],
  [['request', ''], ':4\n'],
  [['ask', 'P'], 'POST\nPUT\nPATCH\n:4\n'],
  [['ask', 'GET', ''], 'gateway-a\tof none\ngateway-b\n:4\n'],
  [['ask', '-f', 'x', 'GET', ''], ':4\n'],
  [['request', 'http://x/', ''], ':0\n'],
  [['request', 'http://x/', 'y', ''], ':4\n'],
]
for (const [words, answer] of cases) {
  test(`completes fairway ${words.join(' ')}|`, async () => {
    assert.equal(await complete(verbs, words, findNames), answer)
  })
}

test('what somebody else named cannot steer the terminal, nor look like two candidates', async () => {
  const answer = await complete(verbs, ['run', '-n', ''], async () => [
    { value: 'a', about: 'x\u001b[2J\ny\tz' },
    { value: 'b\nc' },
  ])
  assert.equal(answer, 'a\tx [2J y z\n:4\n')
})
