import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as s from '../../lib/schema.ts'
import { structuralSchema } from './structural-schema.ts'

const shape = s.union('kind', {
  circle: s.object({ kind: s.oneOf(['circle']), radius: s.number(), label: s.optional(s.string({ maxLength: 9 })) }),
  square: s.object({ kind: s.oneOf(['square']), side: s.number(), label: s.string({ minLength: 1, maxLength: 9 }) }),
  point: s.object({ kind: s.oneOf(['point']) }),
})

describe('a union', () => {
  const json = structuralSchema(shape.json)

  it('becomes one object with the fields of all variants, and what they say in common', () => {
    assert.deepEqual(json['properties'], {
      kind: { type: 'string', enum: ['circle', 'square', 'point'] },
      radius: { type: 'number' },
      label: { type: 'string', maxLength: 9 },
      side: { type: 'number' },
    })
    assert.deepEqual(json['required'], ['kind'])
    assert.equal(json['oneOf'], undefined)
  })

  it('says in rules whose field is whose', () => {
    assert.deepEqual(json['x-kubernetes-validations'], [
      { rule: "!has(self.radius) || self.kind in ['circle']", message: 'radius belongs to kind circle only' },
      { rule: "has(self.radius) || !(self.kind in ['circle'])", message: 'kind circle needs radius' },
      {
        rule: "!has(self.label) || self.kind in ['circle', 'square']",
        message: 'label belongs to kind circle, square only',
      },
      { rule: "has(self.label) || !(self.kind in ['square'])", message: 'kind square needs label' },
      { rule: "!has(self.side) || self.kind in ['square']", message: 'side belongs to kind square only' },
      { rule: "has(self.side) || !(self.kind in ['square'])", message: 'kind square needs side' },
    ])
  })

  it('is found wherever a schema stands', () => {
    const nested = s.object({ list: s.array(shape), map: s.record(shape), any: s.anything() })
    assert.deepEqual(structuralSchema(nested.json), {
      type: 'object',
      properties: {
        list: { type: 'array', items: json },
        map: { type: 'object', additionalProperties: json },
        any: { 'x-kubernetes-preserve-unknown-fields': true },
      },
      required: ['list', 'map', 'any'],
    })
  })

  it('keeps rules of its own, and a default of its tag', () => {
    const variants = [
      s.object({ type: s.withDefault(s.oneOf(['A']), 'A'), 'x-y': s.string() }).json,
      s.object({ type: s.oneOf(['B']), namespace: s.optional(s.string()) }).json,
    ]
    const rule = { rule: 'true', message: 'never' }
    const written = structuralSchema({ type: 'object', oneOf: variants, 'x-kubernetes-validations': [rule] })
    assert.deepEqual(s.isPlainObject(written['properties']) && written['properties']['type'], {
      type: 'string',
      enum: ['A', 'B'],
      default: 'A',
    })
    assert.deepEqual(written['x-kubernetes-validations'], [
      rule,
      { rule: "!has(self.x__dash__y) || self.type in ['A']", message: 'x-y belongs to type A only' },
      { rule: "has(self.x__dash__y) || !(self.type in ['A'])", message: 'type A needs x-y' },
      { rule: "!has(self.__namespace__) || self.type in ['B']", message: 'namespace belongs to type B only' },
    ])
  })

  it('that contradicts itself is a mistake in the schema', () => {
    const kinds = [s.object({ kind: s.oneOf(['a']), x: s.string() }), s.object({ kind: s.oneOf(['b']), x: s.number() })]
    assert.throws(() => structuralSchema({ oneOf: kinds.map(({ json: one }) => one) }), /differ in x/)
    const untold = [s.object({ x: s.string() }), s.object({ y: s.string() })]
    assert.throws(() => structuralSchema({ oneOf: untold.map(({ json: one }) => one) }), /no field tells/)
  })
})
