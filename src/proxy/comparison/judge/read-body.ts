/** From the bytes of an answer to what can be compared. */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib'
import type { AnswerBody } from '../answer.ts'

/** A body as it is compared: piece by piece, or as a whole. */
export type ReadBody =
  | { readonly kind: 'json'; readonly value: unknown; readonly bytes: Buffer }
  /** Of its bytes, without the coding that they came in. */
  | { readonly kind: 'digest'; readonly digest: string; readonly lengthBytes: number }
  | { readonly kind: 'none' }

const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
} as const

/** Takes the coding off, off the loop; `undefined` for one that is unknown or wrong, or with more than `limitBytes` below. */
export const decodeBody = async (body: AnswerBody, limitBytes: number): Promise<AnswerBody | undefined> => {
  if (body.kind !== 'bytes' || body.coding === 'identity' || body.bytes.length === 0) return body
  if (!isCoding(body.coding)) return undefined
  try {
    return { ...body, bytes: await decoders[body.coding](body.bytes, { maxOutputLength: limitBytes }) }
  } catch {
    return undefined
  }
}

const isCoding = (coding: string): coding is keyof typeof decoders => Object.hasOwn(decoders, coding)

/** What is JSON is read as such; a body that only says so is compared by its bytes. */
export const readBody = (body: AnswerBody): ReadBody => {
  if (body.kind !== 'bytes') return body
  const { bytes, isJson } = body
  const json = isJson && bytes.length > 0 ? readJson(bytes) : undefined
  if (json !== undefined) return { kind: 'json', value: json.value, bytes }
  return { kind: 'digest', digest: createHash('sha256').update(bytes).digest('hex'), lengthBytes: bytes.length }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Integers that JavaScript may hold as others; what stands behind a point is of no such weight. */
const DELICATE = /(?:^|[^\d.])\d{16}/

/** TypeScript's library does not have the third parameter yet (ECMAScript 2026: JSON.parse source text access). */
const parse = JSON.parse as (
  text: string,
  revive?: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
) => unknown

const readJson = (bytes: Buffer): { readonly value: unknown } | undefined => {
  try {
    const text = utf8.decode(bytes)
    return { value: DELICATE.test(text) ? parse(text, keepInteger) : parse(text) }
  } catch {
    return undefined
  }
}

/** Names of things are often larger than what a number holds exactly; two of them must not come to the same. */
const keepInteger = (_name: string, value: unknown, { source = '' }: { readonly source?: string }): unknown =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value
