import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { formatModuleFault } from '../../filter/module/module-fault.ts'
import { defaultTrialLimits, runTrial, type TrialOutcome } from './run-trial.ts'
import { tryModule } from './try-module.ts'

let root = ''
before(() => {
  root = mkdtempSync(join(tmpdir(), 'fairway-trial-'))
  execFileSync('mkfifo', [join(root, 'pipe.ts')])
})
after(() => rmSync(root, { recursive: true }))

const write = (file: string, text: string): void => {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

const good = `import type { FilterDefinition } from 'fairway/filter'
import { schema } from 'fairway/filter'
import { mark } from './lib/mark.ts'

interface Config { readonly header: string }

const definition: FilterDefinition<Config> = {
  kind: 'Stamp',
  stage: 'shape',
  failureMode: 'open',
  body: { response: 'stream' },
  config: schema.object({ header: schema.string({ minLength: 2 }) }),
  create: ({ header }, env) => {
    return { onRequest: ({ request }) => request.headers.set(header, mark) }
  },
}
`.concat('export default definition\n')
/** What replaces `create` of the good one, and stands before all. */
const withCreate = (body: string, top = '', more = ''): string =>
  good
    .replace('    return {', `${body}\n    return {`)
    .replace(/\n$/, `\n${top}\n`)
    .replace("  stage: 'shape',", `  stage: 'shape',${more}`)

const faultOf = ({ module, configs }: TrialOutcome): string => {
  if ('fault' in module) return formatModuleFault(module.fault)
  const [config] = configs.values()
  return config === undefined ? 'nothing' : 'fault' in config ? formatModuleFault(config.fault) : 'passed'
}

const limits = { ...defaultTrialLimits, stepMs: 600, heapMb: 48, growthMb: 400 }
/** For what has to do some work before it is found. */
const patient = { ...limits, stepMs: 20_000 }

const tryOut = (entry: string, config: unknown = { header: 'x-mark' }, more = limits): Promise<TrialOutcome> =>
  runTrial({ root, entry, orders: [{ key: 'shop/stamp', config }] }, more)

/** Without a thread: what is the end of none is found here in the same way. */
const tryHere = async (entry: string, config: unknown = { header: 'x-mark' }): Promise<string> => {
  let fault = 'passed'
  await tryModule({ root, entry, orders: [{ key: 'shop/stamp', config }] }, (message) => {
    if (message.kind === 'failed') fault = formatModuleFault(message.fault)
  })
  return fault
}

describe('a module on trial', () => {
  before(() => write('lib/mark.ts', 'export const mark: string = "1"\n'))

  it('that is well is known by its code, what it declares, and its hooks', async () => {
    write('good.ts', good)
    const { module, configs, sources } = await tryOut('good.ts')
    assert.ok('module' in module, JSON.stringify(module))
    const { digest, files, ...known } = module.module
    assert.deepEqual(known, { root, entry: 'good.ts', kind: 'Stamp', stage: 'shape', body: { response: 'stream' } })
    assert.match(digest, /^[0-9a-f]{32}$/)
    assert.deepEqual(Object.keys(files), ['good.ts', 'lib/mark.ts'])
    assert.equal(files['good.ts']?.split('\n').length, good.split('\n').length)
    assert.equal(module.failureMode, 'open')
    assert.deepEqual([...configs], [['shop/stamp', { hooks: ['onRequest'] }]])
    assert.deepEqual(
      sources.map(({ file, hash }) => [file, hash?.length]),
      [
        ['good.ts', 64],
        ['lib/mark.ts', 64],
      ],
    )
  })

  const cases: readonly {
    readonly name: string
    readonly text?: string
    readonly file?: string
    readonly config?: unknown
    readonly fault: RegExp
  }[] = [
    {
      name: 'syntax',
      text: good.replace('const definition', 'const definition x'),
      fault: /^b\.ts:9: cannot be read as TypeScript: .*/,
    },
    {
      name: 'syntax of JavaScript',
      file: 'b.mjs',
      text: 'export default {\n  kind: }',
      fault: /^b\.mjs:2: cannot be read: Unexpected token/,
    },
    {
      name: 'what only a compiler of TypeScript could do',
      text: `${good}enum A { b }\n`,
      fault: /^b\.ts:18: .*enum is not supported/,
    },
    {
      name: 'await at the top',
      text: `${good}await 1\n`,
      fault: /^b\.ts:18: await outside of a function: a filter is loaded at once/,
    },
    {
      name: 'import.meta',
      text: `${good}export const u = import.meta.url\n`,
      fault: /^b\.ts:18: import\.meta is not supported in a filter/,
    },
    {
      name: 'an error at the top',
      text: good.replace('interface Config', 'throw new Error("no")\ninterface Config'),
      fault: /^b\.ts:5: no$/,
    },
    {
      name: 'an error in what it imports',
      text: good.replace('./lib/mark.ts', './lib/throws.ts'),
      fault: /^lib\/throws\.ts:2: TypeError: /,
    },
    {
      name: 'no default export',
      text: good.replace('export default', 'export const x ='),
      fault: /^b\.ts:1: wrong default export: found nothing, expected a FilterDefinition/,
    },
    {
      name: 'a default export of another type',
      text: good.replace('export default definition', 'export default () => definition'),
      fault: /^b\.ts:17: wrong default export: found a function/,
    },
    {
      name: 'a wrong field',
      text: good.replace("'shape'", "'shpe' as never"),
      fault: /^b\.ts:17: .*stage: wrong value: found shpe, expected one of preflight, identify/,
    },
    {
      name: 'an unknown field',
      text: good.replace('  stage:', '  wramUp: 1 as never, stage:'),
      fault: /wramUp: unknown field; did you mean warmUp\?/,
    },
    {
      name: 'a schema that is none',
      text: good.replace(/config: schema.*/, 'config: {} as never,'),
      fault: /config: wrong value: found \{\}, expected a schema/,
    },
    {
      name: 'its configuration',
      text: good,
      config: { header: 'x' },
      fault: /^spec\.config\.header: wrong value: found "x", expected at least 2 characters$/,
    },
    {
      name: 'create that throws',
      text: withCreate('    throw new Error("no header")'),
      fault: /^b\.ts:14: no header$/,
    },
    {
      name: 'create that returns nothing',
      text: good.replace('return {', 'void {'),
      fault: /^b\.ts:13: TypeError: create returned nothing, expected a filter/,
    },
    {
      name: 'a hook of a wrong name',
      text: good.replace('onRequest', 'onRequst'),
      fault: /^b\.ts:13: .*unknown hook onRequst; did you mean onRequest\?/,
    },
    {
      name: 'a hook that is none',
      text: good.replace(/onRequest:.*/, 'onRequest: 7 as never }'),
      fault: /whose onRequest is 7, expected a function/,
    },
    {
      name: 'create that never ends',
      text: withCreate('    let n = 0\n    for (;;)\n      n++'),
      fault: /^b\.ts:1[56]: create was not done after 600 ms$/,
    },
    {
      name: 'create that allocates without end',
      text: withCreate('    const all = []\n    for (;;) all.push({ n: [all.length] })'),
      fault: /^b\.ts:13: create used more than 48 MB of memory$/,
    },
    {
      name: 'create that takes buffers without end',
      text: withCreate('    const all = []\n    for (;;) all.push(Buffer.alloc(4_000_000, 1))'),
      fault: /^b\.ts:13: create made the process grow by \d+ MB$/,
    },
    {
      name: 'create that ends the process',
      text: withCreate('    process.exit(1)'),
      fault: /^b\.ts:14: process\.exit is not for filters/,
    },
    {
      name: 'create that listens to the process',
      text: withCreate("    process.on('uncaughtException', () => {})"),
      fault: /^b\.ts:14: process\.on is not for filters/,
    },
    {
      name: 'create that sleeps in the middle',
      text: withCreate('    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'),
      fault: /^b\.ts:\d+: create was not done after 600 ms$/,
    },
    {
      name: 'create that waits in the system',
      text: withCreate("    require('node:fs').readFileSync('PIPE')"),
      fault: /^b\.ts:\d+: create was not done after 600 ms$/,
    },
    {
      name: 'create that is asynchronous',
      text: good.replace('create: (', 'create: async ('),
      fault: /^b\.ts:13: .*create returned a promise/,
    },
    {
      name: 'create that throws what cannot be read',
      text: withCreate('    throw Object.create(null)'),
      fault: /^b\.ts:13: object thrown: something that cannot be read$/,
    },
    {
      name: 'code that throws what cannot be read',
      text: `${good}\nthrow Object.create(null)`,
      fault: /something that cannot be read$/,
    },
    {
      name: 'code that adds to what everybody has',
      text: `${good}\nObject.defineProperty(Array.prototype, 'shopLast', { value() {}, configurable: true })\nsetImmediate(() => Reflect.deleteProperty(Array.prototype, 'shopLast'))`,
      fault: /^b\.ts: .*changes Array\.prototype\.shopLast, which all filters/,
    },
    {
      name: 'a create that changes what everybody has',
      text: withCreate(
        '    const before = TextDecoder.prototype.decode\n    TextDecoder.prototype.decode = () => ""\n    setImmediate(() => (TextDecoder.prototype.decode = before))',
      ),
      fault: /^b\.ts: .*changes TextDecoder\.prototype\.decode, which all filters/,
    },
    { name: 'a file that is a pipe', file: 'pipe.ts', fault: /^pipe\.ts: there is no readable file/ },
    {
      name: 'an error that nobody waits for',
      text: withCreate(
        // When all there is left to do is to wait, however busy the machine.
        '    setTimeout(() => { throw new Error("late") }, 200)',
        '',
        '\n  warmUp: () => new Promise(() => {}),',
      ),
      fault: /^b\.ts:10: warmUp failed outside of any call: late$/,
    },
    {
      name: 'warmUp that throws',
      text: good.replace('  create', '  warmUp: () => {\n    throw new Error("cold")\n  },\n  create'),
      fault: /^b\.ts:14: cold$/,
    },
    {
      name: 'warmUp that rejects',
      text: good.replace(
        '  create',
        '  warmUp: async () => {\n    await null\n    throw new Error("cold")\n  },\n  create',
      ),
      fault: /^b\.ts:15: cold$/,
    },
    {
      name: 'warmUp that never ends',
      text: good.replace('  create', '  warmUp: () => new Promise(() => { setInterval(() => {}, 1000) }),\n  create'),
      fault: /^b\.ts:13: warmUp was not done after 600 ms$/,
    },
    {
      name: 'warmUp that waits for nothing',
      text: good.replace('  create', '  warmUp: () => new Promise(() => {}),\n  create'),
      fault: /^b\.ts:13: warmUp waits for what cannot come any more, or ended its thread$/,
    },
    {
      name: 'close that never ends',
      text: good.replace('return {', 'return { close() { for (;;); },'),
      fault: /^b\.ts:\d+: close was not done after 600 ms$/,
    },
    {
      name: 'a call while it is tried',
      text: good.replace(
        '  create',
        '  warmUp: async (_, env) => void (await env.fetch("http://auth.shop/")),\n  create',
      ),
      fault: /^b\.ts:13: .*a filter that is only tried calls nobody/,
    },
    {
      name: 'an import of something missing',
      text: good.replace('mark.ts', 'nothing.ts'),
      fault: /^b\.ts:3: cannot import '\.\/lib\/nothing\.ts': there is no readable file lib\/nothing\.ts$/,
    },
    {
      name: 'an import without its extension',
      text: `import './good'\n${good}`,
      fault: /^b\.ts:1: cannot import '\.\/good': .*write '\.\/good\.ts'$/,
    },
    {
      name: 'an import of a missing package',
      text: `import 'no-such-package'\n${good}`,
      fault: /^b\.ts:1: cannot import 'no-such-package': there is no such package in .*node_modules$/,
    },
    {
      name: 'an import from outside of the folder',
      text: `import '../secret.ts'\n${good}`,
      fault: /^b\.ts:1: cannot import '\.\.\/secret\.ts': it lies outside/,
    },
    {
      name: 'an import by an absolute path',
      text: `import '/etc/passwd'\n${good}`,
      fault: /^b\.ts:1: cannot import '\/etc\/passwd': a filter imports by relative paths/,
    },
    {
      name: 'an import of a symbolic link that leads out',
      text: `import './out.ts'\n${good}`,
      fault: /^out\.ts: a symbolic link leads out of /,
    },
    {
      name: 'an import around the mesh',
      text: `import 'node:http'\n${good}`,
      fault: /^b\.ts:1: cannot import 'node:http': calls go through the mesh: use env\.fetch/,
    },
    {
      name: 'an import of the harness',
      text: `import 'fairway/filter/testing'\n${good}`,
      fault: /^b\.ts:1: cannot import 'fairway\/filter\/testing'/,
    },
    { name: 'a file that is not there', file: 'none.ts', fault: /^none\.ts: there is no readable file none\.ts in / },
    {
      name: 'a file that is no module',
      file: 'b.txt',
      text: good,
      fault: /^b\.txt: a file of a filter ends with \.ts/,
    },
  ]
  for (const { name, text, file = 'b.ts', config, fault } of cases) {
    it(`is refused for ${name}`, async () => {
      write(
        'lib/throws.ts',
        'const nothing: undefined = undefined\nexport const mark = (nothing as never as { x: string }).x.length\n',
      )
      if (name.includes('leads out')) symlinkSync('/etc/hostname', join(root, 'out.ts'))
      if (text !== undefined) write(file, text.replace('PIPE', join(root, 'pipe.ts')))
      const isLong = /\b(?:MB|process grow)\b/.test(fault.source)
      const isDeadly =
        isLong || /after 600|outside of any call|ended its thread/.test(fault.source) || name === 'syntax'
      const found = isDeadly
        ? faultOf(await tryOut(file, config, isLong ? patient : limits))
        : await tryHere(file, config)
      assert.match(found, fault)
    })
  }

  it('may wait while it warms up', async () => {
    write(
      'b.ts',
      good.replace('  create', '  warmUp: (_, env) => new Promise((resolve) => env.after(20, resolve)),\n  create'),
    )
    assert.equal(faultOf(await tryOut('b.ts')), 'passed')
  })

  it('may have types of many lines, and files that begin with a mark', async () => {
    const fields = Array.from({ length: 20_000 }, (_, i) => `  field${i}: string | undefined\n`).join('')
    write('data.json', '\uFEFF{}')
    write('long.ts', `\uFEFFinterface Long {\n${fields}}\nimport './data.json'\n${good}`)
    assert.equal(await tryHere('long.ts'), 'passed')
  })

  it('is what it was when it was looked at, whatever its getters say later', async () => {
    write(
      'later.ts',
      `${good}let times = 0\nObject.defineProperty(definition, 'kind', {\n  enumerable: true,\n  get: () => (times++ === 0 ? 'Stamp' : times),\n})\n`,
    )
    const { module } = await tryOut('later.ts')
    assert.equal('module' in module ? module.module.kind : formatModuleFault(module.fault), 'Stamp')
  })

  it('that is the end of its thread for one configuration is tried for the others', async () => {
    write(
      'some.ts',
      withCreate("    if (header === 'loop') for (;;);\n    if (header === 'bad') throw new Error('bad')"),
    )
    const orders = ['ok', 'loop', 'bad', 'fine'].map((header) => ({ key: header, config: { header } }))
    const { configs } = await runTrial({ root, entry: 'some.ts', orders }, limits)
    assert.deepEqual(
      orders.map(({ key }) => {
        const config = configs.get(key)
        return config === undefined ? 'nothing' : 'fault' in config ? formatModuleFault(config.fault) : 'passed'
      }),
      ['passed', 'some.ts:14: create was not done after 600 ms', 'some.ts:15: bad', 'passed'],
    )
  })
})
