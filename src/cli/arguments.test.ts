import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeInteger, formatFlags, parseArguments, type FlagTable } from './arguments.ts'
import { CliError } from './verb.ts'

const flags = {
  file: { type: 'string', short: 'f', multiple: true, value: 'PATH', help: 'a file' },
  workers: { type: 'string', default: 'auto', value: 'N', help: 'how many' },
  certs: { type: 'string', value: 'DIR', help: 'a folder' },
  verbose: { type: 'boolean', short: 'v', help: 'say more' },
} as const satisfies FlagTable

const failureOf = (run: () => unknown): CliError => {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof CliError, String(error))
    return error
  }
  return assert.fail('nothing was thrown')
}

test('flags come with their values, their defaults, or undefined', () => {
  assert.deepEqual(parseArguments([], flags).flags, { file: [], workers: 'auto', certs: undefined, verbose: false })
  const given = parseArguments(['-f', 'a', '--file=b', '-v', '--workers', '2', '--certs', 'c'], flags)
  assert.deepEqual(given.flags, { file: ['a', 'b'], workers: '2', certs: 'c', verbose: true })
})

test('a number below 0 is a value, and a flag is none', () => {
  assert.equal(parseArguments(['--workers', '-1', '-v'], flags).flags.workers, '-1')
  assert.deepEqual(parseArguments(['--', '--workers', '-1'], flags, 2).positionals, ['--workers', '-1'])
})

test('the last of two values wins where only one counts', () => {
  assert.equal(parseArguments(['--workers', '1', '--workers', '2'], flags).flags.workers, '2')
})

const wrong: readonly { readonly args: readonly string[]; readonly message: RegExp; readonly next?: string }[] = [
  { args: ['--flie', 'x'], message: /^unknown flag --flie$/, next: 'did you mean --file?' },
  { args: ['--wrokers=2'], message: /^unknown flag --wrokers/, next: 'did you mean --workers?' },
  { args: ['-q'], message: /^unknown flag -q$/ },
  { args: ['--nothing-like-it'], message: /^unknown flag --nothing-like-it$/ },
  ...[['--file'], ['-f'], ['--file', '-v'], ['-f', '--verbose']].map((args) => ({
    args,
    message: new RegExp(`^${args[0]} has no value$|^--file has no value$`),
    next: 'write --file PATH, or --file=PATH where it begins with -',
  })),
  { args: ['--verbose=yes'], message: /^--verbose does not take a value$/, next: 'leave out = and what is behind it' },
  { args: ['one'], message: /^unexpected argument "one"$/ },
]
for (const { args, message, next } of wrong) {
  test(`refused as wrong usage: ${args.join(' ')}`, () => {
    const error = failureOf(() => parseArguments(args, flags))
    assert.equal(error.exitCode, 64)
    assert.match(error.message, message)
    assert.equal(error.next, next)
  })
}

test('as many positional arguments as allowed are kept in order', () => {
  assert.deepEqual(parseArguments(['a', '-v', 'b'], flags, 2).positionals, ['a', 'b'])
  assert.match(failureOf(() => parseArguments(['a', 'b', 'c'], flags, 2)).message, /unexpected argument "c"/)
})

for (const text of ['0', '11', '-1', '1.5', '1e1', '', ' 1', '99999999999999999999']) {
  test(`no whole number from 1 to 10: ${JSON.stringify(text)}`, () => {
    const error = failureOf(() => decodeInteger('n', text, { min: 1, max: 10 }))
    assert.equal(error.exitCode, 64)
    assert.match(error.message, /^--n .* is not a whole number from 1 to 10$/)
  })
}

test('a whole number in its range is taken', () => {
  assert.deepEqual(
    ['1', '10', '007'].map((text) => decodeInteger('n', text, { min: 1, max: 10 })),
    [1, 10, 7],
  )
})

test('the help lists each flag with its short form and value, aligned, --help last', () => {
  assert.deepEqual(formatFlags(flags).split('\n'), [
    '  -f, --file PATH  a file',
    '      --workers N  how many',
    '      --certs DIR  a folder',
    '  -v, --verbose    say more',
    '  -h, --help       print this',
  ])
})
