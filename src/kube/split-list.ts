import { isPlainObject } from '../lib/schema.ts'
import { BadPiece, maxTextBytes } from './read-answer.ts'

/** Takes the text of a Kubernetes list as it comes. */
export interface ListSplitter {
  readonly write: (chunk: Buffer) => void
  /** What stands around the items, as JSON with an empty list in their place. */
  readonly frame: () => string
}

const QUOTE = 34
const BACKSLASH = 92
const isOpening = (byte: number): boolean => byte === 0x7b || byte === 0x5b
const isClosing = (byte: number): boolean => byte === 0x7d || byte === 0x5d

/**
 * Makes what cuts the items out of a list while it is read, so that never more than one of them is held as text: a list
 * of 10,000 Pods has 200 MB. What is no JSON is not noticed here but by whoever parses the pieces. Throws `BadPiece` over
 * an item, or what stands around them, that is longer than any.
 */
export const createListSplitter = (onItem: (text: string) => void, maxBytes = maxTextBytes): ListSplitter => {
  const frame: Buffer[] = []
  let piece: Buffer[] = []
  /** Of what is held in both. */
  let frameBytes = 0
  let pieceBytes = 0
  let depth = 0
  let isInString = false
  let isEscaped = false
  /** Of the last text that began at depth 1; the key of what comes. */
  let key = ''
  let isKey = false
  let isInItems = false

  // One pass over all bytes, and flat because of it.
  const write = (chunk: Buffer): void => {
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (isInString) {
        if (isEscaped) isEscaped = false
        else if (byte === BACKSLASH) isEscaped = true
        else if (byte === QUOTE) isInString = false
        else if (isKey) key += String.fromCharCode(byte)
      } else if (byte === QUOTE) {
        isInString = true
        isKey = depth === 1
        if (isKey) key = ''
      } else if (isOpening(byte)) {
        if (isInItems && depth === 2) start = at
        depth++
        if (depth === 2 && byte === 0x5b && key === 'items') {
          isInItems = true
          frame.push(Buffer.from(chunk.subarray(start, at + 1)))
          start = at + 1
        }
      } else if (isClosing(byte)) {
        depth--
        if (isInItems && depth === 2) {
          piece.push(chunk.subarray(start, at + 1))
          start = at + 1
          const text = Buffer.concat(piece).toString()
          piece = []
          pieceBytes = 0
          onItem(text)
        } else if (isInItems && depth === 1) {
          isInItems = false
          start = at
        }
      }
    }
    if (start >= chunk.length) return
    // Between items are but commas and space; inside of one its bytes are held, as a copy.
    const rest = Buffer.from(chunk.subarray(start))
    if (!isInItems) {
      frame.push(rest)
      frameBytes += rest.length
    } else if (depth > 2) {
      piece.push(rest)
      pieceBytes += rest.length
    }
    if (Math.max(frameBytes, pieceBytes) > maxBytes) {
      throw new BadPiece(`a part of the list has more than ${maxBytes} bytes`)
    }
  }
  return { write, frame: () => Buffer.concat(frame).toString() }
}

/** What a page says beside its items. */
export interface ListFrame {
  readonly resourceVersion: string
  /** Where the next page begins; `undefined`: it was the last. */
  readonly next: string | undefined
}

/** Reads what is left of a page without its items; `undefined` for what is no list. */
export const readFrame = (text: string): ListFrame | undefined => {
  try {
    const frame: unknown = JSON.parse(text)
    const metadata = isPlainObject(frame) ? frame['metadata'] : undefined
    if (!isPlainObject(metadata) || typeof metadata['resourceVersion'] !== 'string') return undefined
    const next = metadata['continue']
    return {
      resourceVersion: metadata['resourceVersion'],
      next: typeof next === 'string' && next !== '' ? next : undefined,
    }
  } catch {
    return undefined
  }
}
