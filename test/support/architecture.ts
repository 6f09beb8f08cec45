/**
 * The house rules as functions from source files to complaints, so that the test can show each of them failing.
 * Nothing here reads the disk but `readSources`.
 */
import fs from 'node:fs'
import path from 'node:path'

/** One file of ours; `path` counts from the root, with `/`. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** A rule: what is wrong with these files, one line each, beginning with the path. */
export type Rule = (files: readonly SourceFile[]) => readonly string[]

const TRUNK = ['lib', 'model', 'http', 'filter', 'filter/app', 'filter/module']
const CONFIG = ['config', 'config/objects', 'config/source', 'config/translate']
const SERVING = [...TRUNK, 'identity', 'snapshot', 'proxy', 'telemetry', 'admin']
const EVERY_ROOM = [...SERVING, 'kube', ...CONFIG, 'controller', 'filters']

/** The floor plan: what each room may import besides itself, types included. */
const FLOOR_PLAN: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  model: ['lib'],
  http: ['lib', 'model'],
  filter: ['lib', 'model', 'http'],
  'filter/app': ['lib', 'model', 'http', 'filter'],
  'filter/module': ['lib', 'model', 'http', 'filter', 'filter/app'],
  kube: ['lib'],
  'config/objects': [...TRUNK, 'filters'],
  'config/source': [...TRUNK, 'kube', 'config/objects'],
  'config/translate': [...TRUNK, 'config/objects'],
  config: [...TRUNK, ...CONFIG, 'filters'],
  controller: [...TRUNK, 'kube', ...CONFIG],
  snapshot: TRUNK,
  identity: ['lib', 'model'],
  proxy: [...TRUNK, 'snapshot', 'identity'],
  telemetry: [...TRUNK, 'snapshot', 'identity', 'proxy'],
  admin: [...TRUNK, 'snapshot', 'identity', 'proxy', 'telemetry'],
  filters: ['filter'],
  app: EVERY_ROOM,
  cli: [...EVERY_ROOM, 'app'],
  main: ['lib', 'cli'],
}

/** Where an npm package may be seen; a package that is not listed may be seen nowhere. */
export const PACKAGE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  '@bufbuild/protobuf': ['identity', 'proxy', 'filters'],
  '@grpc/grpc-js': ['identity'],
  '@fastify/swagger': ['filter/app'],
  '@opentelemetry/api': ['telemetry'],
  '@opentelemetry/core': ['telemetry'],
  '@opentelemetry/otlp-exporter-base': ['telemetry'],
  '@opentelemetry/otlp-grpc-exporter-base': ['telemetry'],
  '@opentelemetry/otlp-transformer': ['telemetry'],
  '@opentelemetry/resources': ['telemetry'],
  fastify: ['filter/app'],
  jose: ['proxy'],
  'prom-client': ['telemetry'],
  re2js: ['lib'],
  redis: ['filters'],
  sucrase: ['config'],
  undici: ['lib', 'filter', 'proxy'],
  yaml: ['config/source', 'controller', 'kube', 'cli'],
}

const PURE_ROOMS = ['model', 'http', 'filter', 'config/objects', 'config/translate', 'snapshot']
/** Node's modules that only compute. */
const PURE_MODULES = ['node:assert', 'node:buffer', 'node:crypto', 'node:net', 'node:url', 'node:util', 'node:zlib']
/** `node:net` is for `isIP` and `BlockList`; these are its ways to the outside. */
const NET_OUTSIDE = /\b(?:Socket|Server|createServer|connect|createConnection)\b/
const IMPURE_CALLS =
  /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bset(?:Timeout|Interval|Immediate)\b|\bperformance\.now\b|\bprocess\.|\bconsole\.|(?<!\bget )\bfetch\(|\brandom(?:Bytes|UUID|Int)\b/

const MAX_LINES = 400
const MAX_FILES = 12
/** Folders with one file per verb or per kind. */
const WIDE_FOLDERS = ['src/cli', 'src/config/objects']
const FILE_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|long|kube|fuzz|d))?\.(?:ts|mjs)$/
const FORBIDDEN_NAMES = /(?:^|-)(?:utils?|helpers?|common|managers?|types?|misc|index)(?:\.test)?\.(?:ts|mjs)$/
/** They know the built-in filters, and are none. */
const FILTER_LISTS = ['filters/index.ts', 'filters/late-definition.ts']
const INDEX_FILES = ['src/filter/index.ts', 'filters/index.ts']

/** Reads every file of ours under `root` that the rules are about. */
export function readSources(root: string): readonly SourceFile[] {
  return ['src', 'filters', 'test', 'scripts', 'examples']
    .filter((folder) => fs.existsSync(path.join(root, folder)))
    .flatMap((folder) => fs.globSync(`${folder}/**/*.{ts,mjs}`, { cwd: root }))
    .toSorted()
    .map((file) => ({ path: file.split(path.sep).join('/'), text: fs.readFileSync(path.join(root, file), 'utf8') }))
}

/** Imports obey the floor plan; a unit test keeps to its room as well, and may use test/support. */
export const checkFloorPlan: Rule = (files) => {
  const problems: string[] = []
  for (const file of files) {
    const room = roomOf(file.path)
    if (room === undefined) {
      if (/^src\/.*\.ts$/.test(file.path)) problems.push(`${file.path}: stands in no room of the floor plan`)
      continue
    }
    for (const { specifier } of importsOf(file)) {
      const target = targetOf(file.path, specifier)
      if (target === undefined) continue
      if (isTest(file.path) && target.startsWith('test/support/')) continue
      const targetRoom = roomOf(target)
      if (targetRoom === room || isInTable(FLOOR_PLAN, room, targetRoom)) continue
      if (room === 'filters' && (isTest(file.path) || file.path === 'filters/index.ts')) continue
      problems.push(`${file.path}: ${room} must not import ${targetRoom ?? 'what is in no room'} (${specifier})`)
    }
  }
  return problems
}

/** npm packages are seen only in the rooms that need them. */
export const checkPackages: Rule = (files) =>
  files.flatMap((file) => {
    const room = roomOf(file.path)
    if (room === undefined || isTest(file.path)) return []
    return importsOf(file)
      .map(({ specifier }) => specifier)
      .filter((specifier) => /^[@a-z]/.test(specifier) && !/^(?:node|fairway)\b/.test(specifier))
      .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier)
      .filter((name) => !isInTable(PACKAGE_ROOMS, name, room))
      .map((name) => `${file.path}: the package ${name} must not be seen in ${room}`)
  })

/** No file reaches itself through imports, of types or values. */
export const checkCycles: Rule = (files) => {
  const known = new Set(files.map((file) => file.path))
  const edges = new Map(
    files.map((file) => {
      const targets = importsOf(file).map(({ specifier }) => targetOf(file.path, specifier))
      return [file.path, targets.filter((target) => target !== undefined && known.has(target))] as const
    }),
  )
  const problems: string[] = []
  const finished = new Set<string>()
  const visit = (at: string, trail: readonly string[]): void => {
    const start = trail.indexOf(at)
    if (start >= 0) {
      problems.push(`${at}: imports itself through ${[...trail.slice(start + 1), at].join(' → ')}`)
      return
    }
    if (finished.has(at)) return
    for (const target of edges.get(at) ?? []) if (target !== undefined) visit(target, [...trail, at])
    finished.add(at)
  }
  for (const file of files) visit(file.path, [])
  return problems
}

/** Files stay within 400 lines, and folders within 12 sources that are not tests. */
export const checkSizes: Rule = (files) => {
  const problems: string[] = []
  const sources = new Map<string, number>()
  for (const file of files) {
    const lines = file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0)
    if (lines > MAX_LINES) problems.push(`${file.path}: ${lines} lines, at most ${MAX_LINES}`)
    const folder = path.posix.dirname(file.path)
    if (!isTest(file.path)) sources.set(folder, (sources.get(folder) ?? 0) + 1)
  }
  for (const [folder, count] of sources) {
    if (count > MAX_FILES && !WIDE_FOLDERS.includes(folder)) {
      problems.push(`${folder}: ${count} source files, at most ${MAX_FILES}`)
    }
  }
  return problems
}

/** Pure rooms see neither the outside nor time nor chance; their tests may. */
export const checkPurity: Rule = (files) =>
  files.flatMap((file) => {
    const room = roomOf(file.path)
    if (room === undefined || !PURE_ROOMS.includes(room) || isTest(file.path)) return []
    const problems: string[] = []
    for (const { specifier, clause } of importsOf(file)) {
      if (!specifier.startsWith('node:')) continue
      const isOutside = specifier === 'node:net' && NET_OUTSIDE.test(clause)
      if (!PURE_MODULES.includes(specifier) || isOutside)
        problems.push(`${file.path}: ${room} must not use ${specifier}`)
    }
    const call = IMPURE_CALLS.exec(codeOf(file.text))
    if (call !== null) problems.push(`${file.path}: ${room} must not use ${call[0]}`)
    return problems
  })

/** Names are kebab-case and say what is inside. */
export const checkNames: Rule = (files) =>
  files.flatMap(({ path: file }) => {
    const name = path.posix.basename(file)
    if (!FILE_NAME.test(name)) return [`${file}: not kebab-case`]
    if (FORBIDDEN_NAMES.test(name) && !INDEX_FILES.includes(file)) return [`${file}: the name says nothing`]
    return []
  })

/** What others than we load by its default export. */
const DEFAULT_EXPORTS = ['test/support/failures.ts']

/** Only filters have a default export, and what node:test loads as a reporter. */
export const checkDefaultExports: Rule = (files) =>
  files
    .filter((file) => !/^(?:examples\/(?:[^/]+\/)?)?filters\//.test(file.path) && !DEFAULT_EXPORTS.includes(file.path))
    .filter((file) => /^export default\b|^export \{[^}]*\bas default\b/m.test(codeOf(file.text)))
    .map((file) => `${file.path}: default exports are for filters`)

/** Files of `npm test` run beside each other, on a large machine far apart: no two of them listen on one network. */
export const checkNetworks: Rule = (files) => {
  const users = new Map<string, string>()
  return files
    .filter((file) => file.path.endsWith('.test.ts'))
    .flatMap((file) => Array.from(new Set(file.text.match(/\b127\.71\.\d+\b/g)), (network) => ({ network, file })))
    .flatMap(({ network, file }) => {
      const other = users.get(network)
      users.set(network, file.path)
      return other === undefined ? [] : [`${file.path}: listens on ${network}, as ${other} does; take a free one`]
    })
}

/**
 * A built-in filter is written as a user would: on `fairway/filter`, Node's modules that only compute, and what stands
 * in `filters` itself. What it imports as a value is in the contract's hands.
 */
export const checkFilters: Rule = (files) =>
  files
    .filter((file) => file.path.startsWith('filters/') && !FILTER_LISTS.includes(file.path) && !isTest(file.path))
    .flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => {
          if (specifier.startsWith('.')) return targetOf(file.path, specifier)?.startsWith('filters/') !== true
          if (specifier === 'redis' && file.path.startsWith('filters/rate-limit/redis/')) return false
          if (specifier.startsWith('@bufbuild/protobuf/') && file.path.startsWith('filters/rate-limit/rls/'))
            return false
          return specifier !== 'fairway/filter' && !PURE_MODULES.includes(specifier)
        })
        .map(({ specifier }) => `${file.path}: a filter is written on fairway/filter, not on ${specifier}`),
    )

interface Import {
  readonly specifier: string
  /** What stands between the keyword and `from`. */
  readonly clause: string
}

const FROM = /^(?:import|export)\s+([^;'"`]*?)\s*from\s*['"]([^'"]+)['"]/gm
const BARE = /^import\s*['"]([^'"]+)['"]/gm
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

function importsOf(file: SourceFile): readonly Import[] {
  const code = codeOf(file.text)
  const imports: Import[] = []
  for (const [, clause = '', specifier = ''] of code.matchAll(FROM)) imports.push({ specifier, clause })
  for (const pattern of [BARE, DYNAMIC]) {
    for (const [, specifier = ''] of code.matchAll(pattern)) imports.push({ specifier, clause: '' })
  }
  return imports
}

/** The text without comments; good enough for text that a formatter has laid out. */
function codeOf(text: string): string {
  return text
    .replaceAll(/^\s*\/\*[^]*?\*\//gm, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .replaceAll(/\s\/\/ .*$/gm, '')
}

function targetOf(from: string, specifier: string): string | undefined {
  if (specifier === 'fairway/filter') return 'src/filter/index.ts'
  if (specifier === 'fairway/filter/testing') return 'src/filter/testing.ts'
  return specifier.startsWith('.') ? path.posix.join(path.posix.dirname(from), specifier) : undefined
}

function roomOf(file: string): string | undefined {
  if (file.startsWith('filters/')) return 'filters'
  const inside = /^src\/(?:(.+)\/)?[^/]+$/.exec(file)
  if (inside === null) return undefined
  if (inside[1] === undefined) return /^src\/(app|main)(?:\.test)?\.ts$/.exec(file)?.[1] ?? outsideRooms(file)
  const [first = '', second = ''] = inside[1].split('/')
  const nested = `${first}/${second}`
  if (nested in FLOOR_PLAN) return nested
  return first in FLOOR_PLAN ? first : undefined
}

/** The launcher runs before there are rooms; its test stands beside it. */
function outsideRooms(file: string): string | undefined {
  return file === 'src/fairway.test.ts' ? 'main' : undefined
}

function isTest(file: string): boolean {
  return file.endsWith('.test.ts')
}

function isInTable(
  table: Readonly<Record<string, readonly string[]>>,
  key: string,
  value: string | undefined,
): boolean {
  return value !== undefined && table[key]?.includes(value) === true
}
