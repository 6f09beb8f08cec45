import { parseText } from '../../../src/config/source/parse-text.ts'
import type { SeededRandom } from '../../support/random.ts'
import { mutateBytes } from './bytes.ts'

const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e21,
    65_536,
    4_294_967_296,
    '',
    ' ',
    'a',
    '*',
    '/',
    '.*',
    '(',
    '[a-z',
    '10.0.0.1',
  ],
  ...[
    'fd00::1',
    'default',
    'PathPrefix',
    'RegularExpression',
    'HTTPRoute',
    'TCPRoute',
    'TLSRoute',
    'Same',
    'x'.repeat(300),
    '1h2m',
    '-5s',
    '\0',
  ],
  ...[[], {}, [null], [[]], { name: null }, { kind: 'Service', name: 'api', port: 0 }, '__proto__'],
]
const KEYS = ['__proto__', 'constructor', 'toString', 'name', 'namespace', 'spec', 'rules', 'kind', 'weight', 'filters']
const SCALARS = [
  ...[
    'null',
    '~',
    '.nan',
    '.inf',
    '0x1f',
    '0o7',
    '1e999',
    '2001-01-01',
    '!!binary aGk=',
    '!x y',
    '&a 1',
    '*a',
    '"\\0"',
  ],
  ...[
    '[',
    '{',
    '{}',
    '[]',
    '- - -',
    '|',
    '>-',
    '? a',
    '<<: *a',
    '"',
    "'",
    '%YAML 1.2',
    '---',
    '...',
    '\t',
    'key: a: b',
  ],
]

/** Changes of a configuration: of its values, as a structure, or of its lines, as text. */
export function mutateObjects(input: Buffer, other: Buffer, random: SeededRandom): Buffer {
  if (random.chance(0.1)) return mutateBytes(input, other, random)
  if (random.chance(0.5)) return mutateLines(input, other, random)
  const parsed = parseText('', input.toString('utf8'), { decode: (value) => value })
  if (!parsed.ok) return mutateLines(input, other, random)
  const values = parsed.items.map(({ read }) => structuredClone(read))
  for (let i = random.below(3); i >= 0; i -= 1) mutateValue(random.pick([...values, null]), random)
  try {
    // JSON is YAML, and what `__proto__` stands for in it survives.
    return Buffer.from(values.map((value) => JSON.stringify(value, undefined, 1)).join('\n---\n'))
  } catch {
    // An alias can make a value a part of itself.
    return mutateLines(input, other, random)
  }
}

/** Walks down at random and changes what it comes to. */
function mutateValue(root: unknown, random: SeededRandom): void {
  let parent = root
  while (typeof parent === 'object' && parent !== null) {
    const keys = Object.keys(parent)
    const key = keys.length === 0 ? undefined : random.pick(keys)
    const child: unknown = key === undefined ? undefined : Reflect.get(parent, key)
    if (key !== undefined && typeof child === 'object' && child !== null && random.chance(0.85)) {
      parent = child
      continue
    }
    return change(parent, key, child, random)
  }
}

function change(parent: object, key: string | undefined, child: unknown, random: SeededRandom): void {
  const kind = random.below(5)
  if (kind === 0 && key !== undefined) return void Reflect.deleteProperty(parent, key)
  if (kind === 1 && Array.isArray(parent)) return void parent.push(structuredClone(child))
  const name = kind === 2 && !Array.isArray(parent) ? random.pick(KEYS) : (key ?? '0')
  const value =
    kind === 3 && typeof child === 'string' ? child + random.pick(['x', ' ', '/', '.', '*']) : random.pick(VALUES)
  Object.defineProperty(parent, name, { value, enumerable: true, configurable: true, writable: true })
}

function mutateLines(input: Buffer, other: Buffer, random: SeededRandom): Buffer {
  const lines = input.toString('utf8').split('\n')
  const at = random.below(lines.length)
  const line = lines[at] ?? ''
  switch (random.below(7)) {
    case 0:
      lines.splice(at, 1 + random.below(4))
      break
    case 1:
      lines.splice(random.below(lines.length), 0, ...lines.slice(at, at + 1 + random.below(6)))
      break
    case 2:
      lines[at] = random.chance(0.5) ? ` ${line}` : line.slice(1)
      break
    case 3:
      lines[at] = line.replace(/:.*/, `: ${random.pick(SCALARS)}`)
      break
    case 4:
      lines[at] = line.replace(/[\w.-]+:/, `${random.pick(KEYS)}:`)
      break
    case 5:
      lines.splice(at, 0, random.pick(SCALARS))
      break
    default: {
      const others = other.toString('utf8').split('\n')
      lines.splice(at, random.below(10), ...others.slice(random.below(others.length)))
    }
  }
  return Buffer.from(lines.join('\n'))
}
