import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as s from './schema.ts'

const port = s.integer({ min: 1, max: 65535 })
const schema = s.object({
  name: s.string({ minLength: 1, maxLength: 5 }),
  type: s.withDefault(s.oneOf(['Exact', 'PathPrefix']), 'Exact'),
  ports: s.optional(s.array(port, { minItems: 1, maxItems: 2 })),
  labels: s.optional(s.record(s.string())),
})

describe('object', () => {
  it('fills defaults, leaves out what is absent and counts null as absent', () => {
    assert.deepEqual(schema.decode({ name: 'a', ports: null, type: null }, 'spec'), {
      ok: true,
      value: { name: 'a', type: 'Exact' },
    })
  })

  it('never takes a field from the prototype', () => {
    const decoded = s.object({ toString: s.optional(s.string()) }).decode({}, '')
    assert.deepEqual(decoded, { ok: true, value: {} })
  })

  it('collects the issues of all fields, each with path, found and expected', () => {
    const decoded = schema.decode(
      { name: 'too long', tpye: 'Exact', type: 'exact', ports: [80, 0], labels: { a: 1 } },
      'spec',
    )
    assert.ok(!decoded.ok)
    assert.deepEqual(decoded.issues, [
      { message: 'wrong value', path: 'spec.name', found: 'too long', expected: 'at most 5 characters' },
      {
        message: 'unsupported value; did you mean "Exact"?',
        path: 'spec.type',
        found: 'exact',
        expected: 'one of Exact, PathPrefix',
      },
      { message: 'wrong value', path: 'spec.ports[1]', found: '0', expected: 'an integer from 1 to 65535' },
      { message: 'wrong value', path: 'spec.labels.a', found: '1', expected: 'a string' },
      {
        message: 'unknown field; did you mean "type"?',
        path: 'spec.tpye',
        found: 'tpye',
        expected: 'one of name, type, ports, labels',
      },
    ])
  })
})

describe('every builder refuses what it does not describe', () => {
  const cases: readonly (readonly [
    string,
    s.Schema<unknown>,
    unknown,
    { found: string; expected: string; path?: string },
  ])[] = [
    ['object given text', s.object({}), 'x', { found: 'x', expected: 'an object' }],
    ['object given a list', s.object({}), [], { found: '[]', expected: 'an object' }],
    ['object given null', s.object({}), null, { found: 'null', expected: 'an object' }],
    ['missing enum', s.object({ a: s.oneOf(['x']) }), {}, { found: 'nothing', expected: 'one of x', path: 'at.a' }],
    ['missing number', s.object({ a: port }), {}, { found: 'nothing', expected: 'an integer', path: 'at.a' }],
    ['string given number', s.string(), 3, { found: '3', expected: 'a string' }],
    ['short string', s.string({ minLength: 1 }), '', { found: '', expected: 'at least 1 character' }],
    ['pattern is whole', s.string({ pattern: /a|b/ }), 'ab', { found: 'ab', expected: 'a string that matches a|b' }],
    ['pattern in words', s.string({ pattern: /a/, describe: 'an a' }), 'b', { found: 'b', expected: 'an a' }],
    [
      'secret stays hidden',
      s.string({ maxLength: 1, secret: true }),
      'hunter2',
      { found: '(not shown)', expected: 'at most 1 character' },
    ],
    ['secret of another type', s.string({ secret: true }), 12345, { found: '(not shown)', expected: 'a string' }],
    ['fraction', s.integer(), 1.5, { found: '1.5', expected: 'an integer' }],
    ['integer too big to be exact', s.integer(), 2 ** 53, { found: '9007199254740992', expected: 'an integer' }],
    ['infinite number', s.number({ min: 0 }), Infinity, { found: 'null', expected: 'a number of at least 0' }],
    ['number over the top', s.number({ max: 1 }), 1.1, { found: '1.1', expected: 'a number of at most 1' }],
    [
      'integer given a number in quotes',
      port,
      '80',
      { found: '"80"', expected: 'an integer from 1 to 65535, without quotes' },
    ],
    ['boolean given text', s.boolean(), 'true', { found: '"true"', expected: 'true or false' }],
    ['array given an object', s.array(port), {}, { found: '{}', expected: 'an array' }],
    ['too few items', s.array(port, { minItems: 1 }), [], { found: '0 items', expected: 'at least 1 item' }],
    ['too many items', s.array(port, { maxItems: 1 }), [1, 2], { found: '2 items', expected: 'at most 1 item' }],
    [
      'record key in brackets',
      s.record(port),
      { 'a/b': 0 },
      { found: '0', expected: 'an integer from 1 to 65535', path: 'at["a/b"]' },
    ],
  ]
  for (const [name, subject, value, wanted] of cases) {
    it(name, () => {
      const decoded = subject.decode(value, 'at')
      assert.ok(!decoded.ok)
      const { found, expected, path } = decoded.issues[0] ?? {}
      assert.deepEqual({ found, expected, path }, { path: 'at', ...wanted })
    })
  }

  it('shortens what was found to 200 characters', () => {
    const decoded = s.integer().decode('x'.repeat(5000), '')
    assert.ok(!decoded.ok)
    assert.equal(decoded.issues[0]?.found?.length, 200)
  })

  it('survives values that JSON cannot hold', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    const decoded = s.string().decode(cycle, '')
    assert.ok(!decoded.ok)
    assert.equal(decoded.issues[0]?.found, 'object')
  })
})

describe('record', () => {
  it('keeps the key __proto__ as a key', () => {
    const decoded = s.record(s.integer()).decode(JSON.parse('{"__proto__": 1}'), '')
    assert.ok(decoded.ok)
    assert.deepEqual(Object.keys(decoded.value), ['__proto__'])
  })
})

describe('union', () => {
  const shapes = s.union('kind', {
    circle: s.object({ kind: s.oneOf(['circle']), radius: s.number() }),
    square: s.object({ kind: s.oneOf(['square']), side: s.number() }),
  })

  it('decodes by the tag', () => {
    assert.deepEqual(shapes.decode({ kind: 'square', side: 2 }, ''), { ok: true, value: { kind: 'square', side: 2 } })
  })

  it('refuses another variant’s field and an unknown tag', () => {
    const wrong = shapes.decode({ kind: 'circle', radius: 1, side: 2 }, 'shape')
    assert.ok(!wrong.ok)
    assert.equal(wrong.issues[0]?.path, 'shape.side')
    const unknown = shapes.decode({ kind: 'toString' }, 'shape')
    assert.ok(!unknown.ok)
    assert.equal(unknown.issues[0]?.path, 'shape.kind')
  })
})

describe('refine and map', () => {
  it('checks what is well-formed and converts what passed', () => {
    const even = s.refine(s.integer(), (value, path) => (value % 2 === 0 ? [] : [{ message: 'odd', path }]))
    const half = s.map(even, (value) => value / 2)
    assert.deepEqual(half.decode(4, 'n'), { ok: true, value: 2 })
    assert.deepEqual(half.decode(3, 'n'), { ok: false, issues: [{ message: 'odd', path: 'n' }] })
  })
})

describe('json', () => {
  it('is the OpenAPI form of the schema', () => {
    assert.deepEqual(s.documented(schema, 'A test.').json, {
      type: 'object',
      description: 'A test.',
      required: ['name'],
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 5 },
        type: { type: 'string', enum: ['Exact', 'PathPrefix'], default: 'Exact' },
        ports: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'integer', minimum: 1, maximum: 65535 } },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
      },
    })
    assert.deepEqual(s.string({ pattern: /a|b/ }).json, { type: 'string', pattern: '^(?:a|b)$' })
  })
})
