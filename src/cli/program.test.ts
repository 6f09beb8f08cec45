import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTerminal } from '../../test/support/terminal.ts'
import { StartupError } from '../lib/startup-error.ts'
import { formatFlags } from './arguments.ts'
import { runProgram, type Program } from './program.ts'
import { CliError, type Verb, type VerbEntry } from './verb.ts'
import { verbs } from './verbs.ts'

const createProgram = (run: Verb['run']): Program => ({
  version: '1.2.3',
  verbs: [
    { name: 'serve', summary: 'serve it', load: async () => ({ help: 'help of serve\n', flags: {}, run }) },
    { name: 'request', summary: 'ask for it', load: async () => ({ help: 'help of request\n', flags: {}, run }) },
  ],
})

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const outcomeOf = async (args: readonly string[], run: Verb['run'] = async () => 0): Promise<Outcome> => {
  const terminal = createTerminal()
  const code = await runProgram(createProgram(run), args, terminal)
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() }
}

const failing = (error: unknown) => async (): Promise<never> => {
  throw error
}

for (const args of [[], ['--help'], ['-h'], ['help']]) {
  test(`the help has examples before anything else: fairway ${args.join(' ')}`, async () => {
    const { code, stdout, stderr } = await outcomeOf(args)
    assert.equal(code, 0)
    assert.equal(stderr, '')
    assert.match(stdout, /^fairway: .*\n\nExamples\n(.|\n)*\nVerbs\n {2}serve {4}serve it\n {2}request {2}ask for it\n/)
  })
}

test('a verb gets the arguments behind it, and its exit code is the one of the program', async () => {
  let seen: readonly string[] = []
  const { code } = await outcomeOf(['serve', '-x', 'y'], async (args) => {
    seen = args
    return 79
  })
  assert.equal(code, 79)
  assert.deepEqual(seen, ['-x', 'y'])
})

for (const args of [
  ['serve', '--help'],
  ['serve', 'x', '-h'],
  ['help', 'serve'],
]) {
  test(`a verb's help is printed and the verb not run: fairway ${args.join(' ')}`, async () => {
    assert.deepEqual(await outcomeOf(args, failing(new Error('it ran'))), {
      code: 0,
      stdout: 'help of serve\n',
      stderr: '',
    })
  })
}

test('--help behind -- is an argument like others', async () => {
  const { stdout } = await outcomeOf(['serve', '--', '--help'], async (args, terminal) => {
    terminal.out.write(args.join(' '))
    return 0
  })
  assert.equal(stdout, '-- --help')
})

for (const flag of ['--version', '-V']) {
  test(`${flag} prints the version alone`, async () => {
    assert.deepEqual(await outcomeOf([flag]), { code: 0, stdout: '1.2.3\n', stderr: '' })
  })
}

const failures: readonly {
  readonly args: readonly string[]
  readonly error?: unknown
  readonly code: number
  readonly stderr: string
}[] = [
  {
    args: ['reqest'],
    code: 64,
    stderr: 'fairway: unknown verb "reqest"\n  did you mean request?\n  see: fairway --help\n',
  },
  { args: ['frobnicate'], code: 64, stderr: 'fairway: unknown verb "frobnicate"\n  see: fairway --help\n' },
  {
    args: ['--verbose'],
    code: 64,
    stderr: 'fairway: unknown flag --verbose: a verb comes first\n  see: fairway --help\n',
  },
  {
    args: ['serve'],
    error: new CliError(1, 'nothing listens there', { next: 'start it' }),
    code: 1,
    stderr: 'fairway serve: nothing listens there\n  start it\n',
  },
  {
    args: ['serve'],
    error: new CliError(64, 'no such flag'),
    code: 64,
    stderr: 'fairway serve: no such flag\n  see: fairway serve --help\n',
  },
  {
    args: ['serve'],
    error: new StartupError('ECREDENTIALS', 'cannot use the certificates in /x'),
    code: 78,
    stderr: 'fairway serve: cannot use the certificates in /x\n',
  },
]
for (const { args, error, code, stderr } of failures) {
  test(`what people read is what happened and what to do, not a stack: ${stderr.split('\n')[0] ?? ''}`, async () => {
    assert.deepEqual(await outcomeOf(args, failing(error)), { code, stdout: '', stderr })
  })
}

test('a bug says that it is one before it shows its stack', async () => {
  const { code, stderr } = await outcomeOf(['serve'], failing(new TypeError('x is undefined')))
  assert.equal(code, 1)
  assert.match(stderr, /^fairway serve: this is a bug in fairway; .*\nTypeError: x is undefined\n {4}at /)
})

const checkVerb = async (entry: VerbEntry, before: string): Promise<void> => {
  const name = `${before} ${entry.name}`
  if ('verbs' in entry) {
    for (const verb of entry.verbs) await checkVerb(verb, name)
    return
  }
  const { help, flags } = await entry.load()
  assert.match(help, new RegExp(`^${name}: .*\n\nExamples\n {2}${name}`))
  assert.ok(help.includes(`\nFlags\n${formatFlags(flags)}\n`), `${name} --help lists the flags of its table`)
}

test('every verb that is listed can be loaded, and its help names it and begins with examples', async () => {
  for (const entry of verbs) await checkVerb(entry, 'fairway')
})

const group: VerbEntry = {
  name: 'thing',
  summary: 'things',
  examples: ['fairway thing show    show it'],
  verbs: [
    {
      name: 'show',
      summary: 'show it',
      load: async () => ({
        help: 'help of show\n',
        flags: {},
        run: async ([first]) => {
          if (first !== undefined) throw new CliError(64, `no ${first}`)
          return 79
        },
      }),
    },
  ],
}

const groupHelp = `fairway thing: things

Examples
  fairway thing show    show it

Verbs
  show  show it

Flags
  -h, --help  print this; fairway thing VERB --help explains a verb
`

const inGroup: readonly (readonly [args: readonly string[], code: number, stdout: string, stderr: string])[] = [
  [['thing'], 0, groupHelp, ''],
  [['thing', '--help'], 0, groupHelp, ''],
  [['help', 'thing'], 0, groupHelp, ''],
  [['thing', 'show', '-h'], 0, 'help of show\n', ''],
  [['help', 'thing', 'show'], 0, 'help of show\n', ''],
  [['thing', 'show'], 79, '', ''],
  [['thing', 'show', 'x'], 64, '', 'fairway thing show: no x\n  see: fairway thing show --help\n'],
  [
    ['thing', 'shwo'],
    64,
    '',
    'fairway thing: unknown verb "shwo"\n  did you mean show?\n  see: fairway thing --help\n',
  ],
  [['thing', '-x'], 64, '', 'fairway thing: unknown flag -x: a verb comes first\n  see: fairway thing --help\n'],
]
for (const [args, code, stdout, stderr] of inGroup) {
  test(`verbs behind a verb: fairway ${args.join(' ')}`, async () => {
    const terminal = createTerminal()
    assert.equal(await runProgram({ version: '1', verbs: [group] }, args, terminal), code)
    assert.deepEqual([terminal.stdout(), terminal.stderr()], [stdout, stderr])
  })
}
